# SPDX-License-Identifier: GPL-2.0-only
# Makes an authority and a server's certificate of ECDSA P-256:  certify.sh FOLDER
# Writes ca.pem, which clients trust, and the server's chain.pem and key.pem.
set -e
mkdir -p "$1"
cd "$1"
curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc'
openssl req -x509 $curve -keyout ca.key -out ca.pem -subj '/CN=Test CA' -days 30 2>log
openssl req -x509 $curve -keyout key.pem -out chain.pem -subj /CN=localhost -days 30 \
    -CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>>log
