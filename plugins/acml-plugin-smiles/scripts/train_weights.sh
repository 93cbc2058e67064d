#!/bin/sh
# The model that comes with this plugin, from the tables of $ACML_DATA; about 40 minutes on two cores.
#
#   sh plugins/acml-plugin-smiles/scripts/train_weights.sh WORK
#
# WORK receives the tower and the model; a killed run goes on.
set -eu
work=$1
here=$(cd "$(dirname "$0")" && pwd)
molecules=$ACML_DATA/library/real_molecules.parquet
mkdir -p "$work"
[ -e "$work/tower.safetensors" ] ||
    python "$here/pretrain.py" --minutes 18 --work "$work" --out "$work/tower.safetensors"
if [ -e "$work/model/run.json" ]; then
    acml train --resume "$work/model"
elif [ ! -e "$work/model/acml.json" ]; then
    acml train --modality smiles --data "$molecules" --tower "$work/tower.safetensors" \
        --recipe "$here/weights/v1.toml" --max-minutes 20 --out "$work/model"
fi
acml models export "$work/model" "$work/half" --half --licence CC-BY-SA-4.0 \
    --data "structures of NMRShiftDB2, MassBank and public CAS lists; ZINC; MOSES: CC BY-SA"
echo "$work/half: copy its six files to src/acml_plugin_smiles/models/v1"
