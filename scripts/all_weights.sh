#!/bin/sh
# all/gine5.v1: one graph encoder for the bundled models of every plugin; 85 minutes of one core.
#
#   sh scripts/all_weights.sh WORK
#
# WORK receives the trained model and what is to be bundled. A killed run goes on.
set -eu
work=$1
mkdir -p "$work"
models="nmr/gine5.v1 ms/gine5.v1 ir/gine5.v1 image/gine5.v1 smiles/gine5.v1"

join() { # OUT OPTIONS...
    out=$work/$1
    shift
    [ -e "$out/acml.json" ] || acml models join $models --out "$out" "$@" \
        --data "$ACML_DATA/library/real_molecules.parquet" \
        --data "$ACML_DATA/nmr/nmrshiftdb2.parquet" \
        --data "$ACML_DATA/ms/massbank.parquet" \
        --data "$ACML_DATA/ir/gas_phase.parquet"
}

join first --max-minutes 20 --set epochs=30
join all --max-minutes 65 --set epochs=60 --graph "$work/first"

# Pictures and SMILES are drawn of every molecule of a table: of validation and test molecules alone, then.
set --
for table in nmr/nmrshiftdb2 ms/massbank ir/gas_phase; do
    parts=$work/$(basename "$table")
    [ -e "$parts/test.parquet" ] || acml data split "$ACML_DATA/$table.parquet" --out "$parts"
    set -- "$@" --data "$parts/validation.parquet" --data "$parts/test.parquet"
done
[ -e "$work/calibrated" ] || {
    acml models calibrate "$work/all" "$@" --library "$ACML_DATA/library/real_molecules.parquet"
    touch "$work/calibrated"
}
[ -e "$work/final" ] ||
    acml models export "$work/all" "$work/final" --half --licence CC-BY-NC-SA-4.0 \
        --data "NMRShiftDB2: CC BY-SA" \
        --data "MassBank 2025.05.1: CC BY, CC BY-SA, CC BY-NC-SA, CC0, dl-de/by-2-0" \
        --data "spectra simulated with MMFF94 for ACML: CC0-1.0" \
        --data "structures of NMRShiftDB2, MassBank and public CAS lists: CC BY-SA" \
        --data "ZINC and MOSES (pretraining of the SMILES tower): free to use with citation" \
        --tower-of nmr/gine5.v1 --tower-of ms/gine5.v1 --tower-of ir/gine5.v1 \
        --tower-of image/gine5.v1 --tower-of smiles/gine5.v1
echo "$work/final: copy its six files to models/all-v1 of acml-plugin-ms, whose weights have the same licence, and"
echo "print its row with acml models row --package acml_plugin_ms:models/all-v1"
