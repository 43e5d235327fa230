#!/bin/sh
# The main job on this machine: sh node/quickstart.sh [FILE…]
# Installs what is missing, builds, founds a network of three offices of different participants on loopback, posts a document
# at one, reads it at the others, compares it byte for byte, and shows what lay on disk. Leaves no process behind.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
story() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }
run() { printf '  $ gmm %s\n' "$*"; }
fail() { echo "quickstart: $*" >&2; exit 1; }

for file in "$@"; do
    [ -f "$file" ] && [ -r "$file" ] || fail "'$file' is not a readable file; name documents to post, or none for the built-in one"
done

story "1. Building gmm (packages that are missing are installed: some minutes the first time)"
sh "$source/tests/install-packages.sh"
(cd "$source" && cmake --preset release >/dev/null && cmake --build --preset release | tail -n 1)
gmm=$source/build/release/gmm

work=$(mktemp -d)
pids=
stop() {
    for pid in $pids; do kill "$pid" 2>/dev/null || :; done
    for pid in $pids; do wait "$pid" 2>/dev/null || :; done
    pids=
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

lang=
if [ $# -eq 0 ]; then
    lang='--lang fr'
    cat >"$work/Projet de note – pratiques d’embauche équitables.md" <<'DOCUMENT'
# Projet de note : pratiques d’embauche équitables

1. Les travailleurs migrants ne paient pas de frais de recrutement.
2. Workers receive a written contract in a language that they understand.
3. Каждый работник сохраняет свои документы.
4. يحتفظ العامل بجواز سفره.
DOCUMENT
    set -- "$work/Projet de note – pratiques d’embauche équitables.md"
fi

# Starts an office's daemon and waits for the line that says where it listens.
daemon() { # office
    mkfifo "$work/$1.line"
    GMM_HOME=$work/$1 "$gmm" run --listen 127.0.0.1:0 >"$work/$1.line" 2>"$work/$1.log" &
    pids="$pids $!"
    read -r _ _ address <"$work/$1.line" || { cat "$work/$1.log" >&2; fail "the node of $1 did not start"; }
}
office() { GMM_HOME=$work/$1; export GMM_HOME; shift; "$gmm" "$@"; }
# Repeats a command until it succeeds, for at most about a minute.
until_done() { # command…
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "gave up waiting for: $*"
        sleep 0.1
    done
}

story "2. Three offices: ILO (chair), IOM, and the government of country XA. Each makes its own keys."
office ilo --quiet init --participant ilo --name "International Labour Organization" --kind member --office hq --level hq --no-passphrase >/dev/null
office iom --quiet init --participant iom --name "International Organization for Migration" --kind member --office hq --level hq --no-passphrase >/dev/null
office gov --quiet init --participant gov-xa --name "Government of XA" --kind government --office hq --level hq --no-passphrase >/dev/null
run "--home ilo init --participant ilo … --no-passphrase    (a real office sets a passphrase)"
run "--home iom init --participant iom …"
run "--home gov init --participant gov-xa …"

story "3. ILO founds the network and admits the others, after comparing fingerprints by phone."
run '--home ilo network create "Global Migration Group"'
office ilo --quiet network create "Global Migration Group" >/dev/null
run "--home ilo run --listen 127.0.0.1:0"
daemon ilo
for newcomer in iom gov; do
    participant=$([ "$newcomer" = gov ] && echo gov-xa || echo "$newcomer")
    run "--home ilo invite --for $participant --address $address"
    invite=$(office ilo --quiet --json invite --for "$participant" --address "$address" | sed 's/.*"invite":"\([^"]*\)".*/\1/')
    # Read before the join: while it waits, it holds the newcomer's home.
    fingerprint=$(office "$newcomer" --json key fingerprint | sed 's/.*"fingerprint":"\([^"]*\)".*/\1/')
    run "--home $newcomer join $(printf %s "$invite" | cut -c 1-24)… --wait 20"
    office "$newcomer" --quiet join "$invite" --wait 20 >"$work/$newcomer.join" &
    joiner=$!
    pids="$pids $joiner"
    run "--home ilo roster add $participant"
    until_done office ilo --quiet roster add "$participant" --fingerprint "$fingerprint"
    wait "$joiner" || fail "$participant was not admitted"
    printf '    %s, fingerprint %s: admitted\n' "$participant" "$fingerprint"
done
for newcomer in iom gov; do
    run "--home $newcomer run --listen 127.0.0.1:0"
    daemon "$newcomer"
done

# Of the first document, to be looked for on disk later: words that do not stand in every store anyway ("document" is the name
# of a column).
lies_on_disk() { LC_ALL=C grep -rqF -e "$1" "$work/ilo" "$work/iom" "$work/gov" 2>/dev/null; }
words=
for word in $(LC_ALL=C tr -cs 'A-Za-z' '\n' <"$1" | awk 'length >= 8' | sort -u | head -n 20); do
    lies_on_disk "$word" || words="$words $word"
done

story "4. ILO posts to all participants."
for file in "$@"; do
    run "--home ilo post '$(basename "$file")' --to all${lang:+ $lang} --yes"
    # shellcheck disable=SC2086 # no word, or two
    office ilo post "$file" --to all $lang --yes >"$work/posted" || fail "posting failed"
    head -n 1 "$work/posted" >>"$work/ids"
    sed 's/^/    /' "$work/posted"
done

story "5. IOM and the government have received it: each opens it, and the bytes are compared with what ILO posted."
for receiver in iom gov; do
    number=0
    for file in "$@"; do
        number=$((number + 1))
        id=$(sed -n "${number}p" "$work/ids")
        [ "$number" -gt 1 ] || run "--home $receiver get $(printf %s "$id" | cut -c 1-12) -o FILE"
        until_done office "$receiver" get "$id" -o "$work/received"
        cmp -s "$file" "$work/received" || fail "$receiver received other bytes than were posted"
        printf '    %s received %s: %s bytes, sha256 %s…, equal to the original\n' "$receiver" "$(basename "$file")" \
            "$(wc -c <"$work/received")" "$(sha256sum <"$work/received" | cut -c 1-16)"
    done
done
run "--home iom list"
office iom list | sed 's/^/    /'

story "6. What lies on disk is sealed: words of the document are looked for in the three homes."
looked=0
found=0
for word in $words; do
    looked=$((looked + 1))
    if lies_on_disk "$word"; then found=$((found + 1)); fi
done
if [ "$looked" = 0 ]; then
    echo "  not looked for: the document has no long words in plain letters of its own (a short text, another script, an image)"
else
    printf '  words of the document looked for in the three stores: %d, found: %d\n' "$looked" "$found"
fi
[ "$found" -eq 0 ] || fail "plaintext lay on disk"

story "7. Each office checks all it holds: hashes, signatures, chains."
for each in ilo iom gov; do
    run "--home $each verify --all"
    office "$each" verify --all | sed 's/^/    /'
done

stop
story "Done: posted at ILO, received at IOM and at the government, equal byte for byte; the nodes are stopped now."
echo "Next: the five-minute tour in README.md. The program is build/release/gmm."
