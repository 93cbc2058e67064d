#!/bin/sh
# The weights that come with this plugin, from the tables of $ACML_DATA; about 160 minutes of one core,
# then nine of a GPU.
#
#   sh plugins/acml-plugin-nmr/scripts/train_weights.sh WORK
#
# WORK receives every intermediate folder; steps that are done are not done again, and a killed
# training goes on. Predicted spectra of molecules that were never measured are further training
# pairs: training molecules of the split only.
set -eu
work=$1
here=$(cd "$(dirname "$0")" && pwd)
measured=$ACML_DATA/nmr/nmrshiftdb2.parquet
library=$ACML_DATA/library/real_molecules.parquet
mkdir -p "$work"
cd "$work"

[ -e predicted.parquet ] ||
    acml data simulate --modality nmr "$library" --set scatter=1 --out predicted.parquet
[ -e split/train.parquet ] || acml data split predicted.parquet --out split

train() { # folder, recipe, minutes, further options
    out=$1 recipe=$2 minutes=$3
    shift 3
    if [ -e "$out/run.json" ]; then
        acml train --resume "$out"
    elif [ ! -e "$out/acml.json" ]; then
        acml train --modality nmr --data "$measured" --data split/train.parquet \
            --recipe "$recipe" --max-minutes "$minutes" --out "$out" "$@"
    fi
}
train first "$here/weights/first.toml" 32
train second "$here/weights/second.toml" 55 --init first
train third "$here/weights/third.toml" 70 --init second
train fourth "$here/weights/fourth.toml" 9 --init third # beside four other trainings on one H200

[ -e final ] || acml models export fourth final --half \
    --licence CC-BY-SA-4.0 --data "NMRShiftDB2: CC BY-SA"
[ -e libraries/1000000/library.json ] || python "$here/../../../benchmarks/library_scale.py" \
    --model final --sizes 1000000 --keep libraries
acml models calibrate final --data "$measured" --library "$library" --larger libraries/1000000 \
    --rerank 50 --fit-seconds 144
echo "$work/final: copy its six files to src/acml_plugin_nmr/models/v1 and print its row with"
echo "acml models row"
