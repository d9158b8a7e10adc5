# AES-256 in CBC mode: the last block depends on all
KEY=00112233445566778899aabbccddeeff
N=$((40 * SCALE / 100 + 1))
i=0; while [ $i -lt $N ]; do
    package openssl enc -aes-256-cbc -K $KEY$KEY -iv $KEY -in blob -out out || exit 1
i=$((i + 1)); done
tail -c 64 out
