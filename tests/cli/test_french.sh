#!/bin/sh
# French for whoever wants it, with whatever locale is installed; nothing of it where programs read.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "test_french: $*" >&2; exit 1; }
has() { grep -qF "$1" "$2" || { cat "$2" >&2; fail "not there: $1"; }; }
lacks() { ! grep -qF "$1" "$2" || { cat "$2" >&2; fail "there: $1"; }; }
status() { # wanted, command…
    wanted=$1
    shift
    got=0
    "$@" >"$dir/out" 2>"$dir/err" || got=$?
    [ "$got" = "$wanted" ] || { cat "$dir/out" "$dir/err" >&2; fail "exit status $got, not $wanted: $*"; }
}
export GMM_HOME="$dir/home"

# The language: by option, by variable, with no locale at all; unknown is refused.
status 2 "$GMM" --lang fr statsu
has "commande inconnue" "$dir/err"
status 2 env LC_ALL=C.UTF-8 LANGUAGE=fr "$GMM" statsu
has "commande inconnue" "$dir/err"
status 2 env LANGUAGE= LC_ALL=C.UTF-8 LC_MESSAGES=fr_FR.UTF-8 "$GMM" statsu
has "commande inconnue" "$dir/err"
status 2 env LC_ALL=C LANGUAGE=fr "$GMM" statsu
has "unknown command" "$dir/err"
status 2 "$GMM" --lang de status
has "'de'" "$dir/err"

# Help is French throughout: no English sentence of the table is left.
status 0 "$GMM" --lang fr help
has "Diffuser un document" "$dir/out"
lacks "Post a document" "$dir/out"
status 0 "$GMM" --lang fr help note
has "Exemple" "$dir/out"
has "observation" "$dir/out"

# A command in-process, and through a daemon that itself speaks English.
status 0 "$GMM" --quiet init --participant ilo --name ILO --kind member --office hq --level hq --no-passphrase
status 0 "$GMM" --quiet network create N
printf 'un texte\n' >"$dir/t.md"
status 0 "$GMM" --lang fr post "$dir/t.md" --to internal --symbol S/1 --yes
has "Peuvent lire" "$dir/out"
# What somebody wrote, when, where it is compared; dates beside UTC.
status 0 env TZ=Europe/Paris LC_ALL=fr_FR.UTF-8 "$GMM" --lang fr show S/1
has "De: ilo/hq, " "$dir/out"
grep -Eq 'UTC \([0-9]{1,2} [^ ]+ 20[0-9]{2},? ' "$dir/out" || fail "no date of the reader's beside UTC"
status 0 "$GMM" note S/1 --para 1 --position objection "Non."
status 0 "$GMM" --lang fr matrix S/1 --format md
has "paragraphe" "$dir/out"
has "suite donnée" "$dir/out"
has "| objection |" "$dir/out"
status 0 "$GMM" --lang fr matrix S/1 --format html
has "<th>texte proposé</th>" "$dir/out"
status 0 "$GMM" --lang fr matrix S/1 --format csv
has "number,participant,paragraph" "$dir/out"

tables() {
    status 0 "$GMM" --lang fr roster
    has "CATÉGORIE" "$dir/out"
    has "membre" "$dir/out"
    status 0 "$GMM" --lang fr list
    has "COTE" "$dir/out"
    status 3 "$GMM" --lang fr show NONE/1
    has "rien ne s’appelle" "$dir/err"
    status 3 "$GMM" show NONE/1
    has "nothing here is called" "$dir/err"
    status 3 "$GMM" --lang fr --json show NONE/1
    has '"code":"not-found"' "$dir/out"
    has 'rien ne s’appelle' "$dir/out"
    status 0 "$GMM" --lang fr --json roster
    has '"kind":"member"' "$dir/out"
}
tables
mkfifo "$dir/line"
"$GMM" run --no-listen >"$dir/line" 2>"$dir/log" &
daemon=$!
read -r line <"$dir/line"
[ "$line" = ready ] || fail "the daemon did not start"
tables
kill "$daemon"
wait "$daemon" || fail "the daemon did not stop cleanly"
lacks "arrêt" "$dir/log"
