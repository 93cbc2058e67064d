#!/bin/sh
# The weights that come with this plugin: simulated spectra only; half an hour of
# one core, then nine minutes of a GPU.
#
#   sh plugins/acml-plugin-ir/scripts/train_weights.sh WORK [GRAPH]
#
# WORK receives every intermediate folder; steps that are done are not done again, and a killed
# simulation or training goes on. GRAPH is a trained model whose graph encoder the training begins with,
# such as the weights of the plugin nmr (their licence is then the result's). No measured spectrum is
# read: the molecules are a list of structures, without those of the test side of the split.
set -eu
work=$1
graph=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
library=$ACML_DATA/library/real_molecules.parquet
mkdir -p "$work"
cd "$work"

if [ ! -e simulated.parquet ]; then
    python "$here/simulate_table.py" "$library" --out lines --method mmff --minutes 30
    python "$here/compact_table.py" lines --out simulated.parquet
fi

train() { # folder and recipe, minutes, further options
    out=$1 minutes=$2
    shift 2
    if [ -e "$out/run.json" ]; then
        acml train --resume "$out"
    elif [ ! -e "$out/acml.json" ]; then
        acml train --modality ir --data simulated.parquet --recipe "$here/weights/$out.toml" \
            --max-minutes "$minutes" --out "$out" "$@"
    fi
}
train large 9.3 ${graph:+--graph "$graph"} # beside four other trainings on one H200

[ -e drawn.parquet ] || python "$here/draw_table.py" simulated.parquet --out drawn.parquet
# measured spectra are only looked at here, to say how well they are found
acml models calibrate large --data drawn.parquet --test "$ACML_DATA/ir/gas_phase.parquet" --library "$library"
[ -e final ] || acml models export large final --half --licence CC-BY-SA-4.0 \
    --data "spectra simulated with MMFF94 for ACML: CC0-1.0" \
    --data "NMRShiftDB2 (first weights of the graph encoder): CC BY-SA"
echo "$work/final: copy its six files to src/acml_plugin_ir/models/v1 and print its row with"
echo "acml models row"
