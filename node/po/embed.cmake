# cmake -D INPUT=FILE -D NAME=symbol -D OUTPUT=FILE.c -P embed.cmake: the file's bytes as symbol and symbol_len.
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR count "${digits} / 2")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"node/lang.h\"\n\nconst unsigned char ${NAME}[] = {\n${bytes}\n};\nconst unsigned long ${NAME}_len = ${count};\n")
