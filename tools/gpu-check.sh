#!/usr/bin/env bash
# Everything that a machine with a GPU can show, in one command: doctor, conformance, one epoch of training twice (its bits
# compared), the training step compiled, replayed and operation by operation, in each precision, beside PyTorch, eager and compiled, where it is
# there, and the losses. Leaves OUT/gpu-check.json and a log of each part.
#
#   tools/gpu-check.sh [--out DIR] [--engines cuda,webgpu] [--tensorflow FILE] [--python BIN] [--small] [--rounds N]
#   tools/gpu-check.sh --pack FILE.tar.gz
#
#   --out         folder of the results. Default gpu-check
#   --engines     engines to check. Default cuda,webgpu
#   --tensorflow  wheel, archive or folder of libtensorflow for machines without a package index (cxr-align setup gpu --from)
#   --python      a Python with torch 2.x for CUDA; PyTorch's script is ../shared/bench/torch_baseline.py, or BENCH_PEER
#   --small       the small step alone
#   --rounds      of the step, in turns with PyTorch. Default 1
#   --seconds     that all parts together may take, after the set-up. Default 540; a part that would begin later is skipped, said aloud
#   --pack        writes this checkout, built, with this Node and the modules that it needs to run into an archive (.tar.gz or
#                 .tar.xz): unpacked on a machine that has neither Node nor a network, this script runs there as it is. What
#                 setup brings for --engines goes along: 0.1 GB for webgpu; cuda has TensorFlow and NVIDIA's libraries, 5 GB
#                 unpacked. PyTorch's script is not in it: put it there, and say where by BENCH_PEER
#
# Node: NODE, or the one that was packed, or the one on the path; 20.19 or newer. Exit code 0 if every engine that was asked for
# started and passed.
set -uo pipefail
cd "$(dirname "$0")/.."

out=gpu-check
engines=cuda,webgpu
tensorflow=
python=python3
pack=
sizes=paper,paper-100,small
rounds=1
seconds=540
while [ $# -gt 0 ]; do
  case "$1" in
    --out) out=$2; shift 2 ;;
    --engines) engines=$2; shift 2 ;;
    --tensorflow) tensorflow=$2; shift 2 ;;
    --python) python=$2; shift 2 ;;
    --small) sizes=small; shift ;;
    --rounds) rounds=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --pack) pack=$2; shift 2 ;;
    -h | --help) sed -n '2,/^set /p' "$0" | sed -E '/^set /d; s/^# ?//'; exit 0 ;;
    *) echo "gpu-check: expected --out, --engines, --tensorflow, --python, --small, --rounds, --seconds or --pack, got $1" >&2; exit 2 ;;
  esac
done

fits() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }
node=
for candidate in "${NODE:-}" .node/bin/node "$(command -v node || true)"; do
  if [ -n "$candidate" ] && fits "$candidate"; then node=$candidate; break; fi
done
if [ -z "$node" ]; then
  echo 'gpu-check: expected Node 20.19 or newer, got none; say NODE=PATH, or carry an archive of --pack here' >&2
  exit 2
fi
export PATH="$(cd "$(dirname "$node")" && pwd):$PATH"

mkdir -p "$out"
log() { echo "== $1" >&2; }
# When the parts have to end; set once what they need is there.
ends=
# Runs a part for at most LIMIT seconds (4 minutes, or what is left of --seconds); its output goes to OUT/NAME.json or .txt, what it says
# beside to OUT/NAME.log. A part that fails or takes too long does not end the others.
part() {
  local name=$1 file=$2
  shift 2
  local limit=()
  if [ -n "$ends" ]; then
    local left=$((ends - SECONDS))
    [ "$left" -lt "${LIMIT:-240}" ] || left=${LIMIT:-240}
    if [ "$left" -le 0 ]; then
      log "$name: skipped, the $seconds s are over"
      echo "skipped: the $seconds s were over" | tee "$out/$name.log" >"$out/$file"
      return 1
    fi
    limit=(timeout --kill-after=5 "$left")
  fi
  log "$name: $*"
  ${limit[@]+"${limit[@]}"} "$@" >"$out/$file" 2>"$out/$name.log"
  local code=$?
  [ $code -ne 124 ] || echo "took longer than $left s" >>"$out/$name.log"
  [ $code -eq 0 ] || { echo "   ended with $code: $(tail -n 1 "$out/$name.log")" >&2; }
  return $code
}

if [ ! -d .node ]; then
  [ -d node_modules ] || part install install.txt npm ci || exit 1
  part build build.txt env NX_DAEMON=false npx nx run-many -t build || exit 1
fi
# Commands, not functions: a time limit needs a process.
cli=("$node" apps/trainer/bin/cxr-align.js)
bench=("$node" tools/bench/dist/main.js)

IFS=, read -ra asked <<<"$engines"
[ ! -d .cache ] || export CXR_ALIGN_CACHE="$PWD/.cache"
for engine in "${asked[@]}"; do
  case "$engine" in
    cuda) part setup-cuda setup-cuda.txt "${cli[@]}" setup gpu ${tensorflow:+--from "$tensorflow"} ;;
    webgpu) part setup-webgpu setup-webgpu.txt "${cli[@]}" setup webgpu ;;
  esac
done
if [ -n "$pack" ]; then
  staging=$(mktemp -d)
  trap 'rm -rf "$staging"' EXIT
  mkdir -p "$staging/.node/bin" "$staging/.cache"
  cp "$(readlink -f "$node")" "$staging/.node/bin/node"
  cache=${CXR_ALIGN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cxr-align}
  for engine in "${asked[@]}"; do
    [ ! -d "$cache/${engine/cuda/gpu}" ] || cp -a "$cache/${engine/cuda/gpu}" "$staging/.cache/"
  done
  modules=$(npm ls --omit=dev --all --parseable 2>/dev/null | sed -n "s#^$PWD/\(.*node_modules/.*\)#\1#p")
  { git ls-files; find packages apps tools -type d -name dist -not -path '*/node_modules/*'; echo node_modules/@cxr-align; echo "$modules"; } |
    sort -u >"$staging/list"
  # Maps and types are for people; binaries of other systems run nowhere there.
  system="$(uname -s | tr 'A-Z' 'a-z')/$("$node" -p process.arch)"
  find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d -not -path "*/$system" >"$staging/left-out" 2>/dev/null
  tar -caf "$pack" --exclude='*.map' --exclude='*.d.ts' --exclude-from="$staging/left-out" -T "$staging/list" -C "$staging" .node .cache
  code=$?
  [ $code -ne 0 ] || log "packed into $pack: $(du -h "$pack" | cut -f1)"
  exit $code
fi
{ nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true; } >"$out/gpu.txt" 2>/dev/null
ends=$((SECONDS + seconds))
part doctor doctor.json "${cli[@]}" doctor --json
[ -f "$out/data/train.csv" ] || part phantom phantom.txt "${cli[@]}" phantom --out "$out/data" --images 600 --size 128

export BENCH_PEER=${BENCH_PEER:-../shared/bench/torch_baseline.py}
against=()
if [ -f "$BENCH_PEER" ] && "$python" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  against=(--against tools/bench/python/torch_on_cuda.py --python "$python")
fi
failed=0
for engine in "${asked[@]}"; do
  part "conformance-$engine" "conformance-$engine.json" "$node" tools/scripts/conformance.mjs --engine "$engine" --json || failed=1
  rm -f "$out/same-bits-$engine.txt"
  part "epoch-$engine" "epoch-$engine.json" "${cli[@]}" train --data "$out/data" --out "$out/run-$engine" --overwrite --engine "$engine" --set epochs=1 --json || failed=1
  # The same seed again: model and history have to have the same bits.
  part "again-$engine" "again-$engine.json" "${cli[@]}" train --data "$out/data" --out "$out/run-$engine-again" --overwrite --engine "$engine" --set epochs=1 --json || failed=1
  for file in history.jsonl model/model.safetensors; do
    # Where a run did not take place, nothing is known of its bits.
    [ -f "$out/run-$engine/$file" ] && [ -f "$out/run-$engine-again/$file" ] || { failed=1; continue; }
    cmp "$out/run-$engine/$file" "$out/run-$engine-again/$file" >>"$out/same-bits-$engine.txt" 2>&1 || failed=1
  done
  part "step-$engine" "step-$engine.json" "${bench[@]}" step --engine "$engine" --sizes "$sizes" --rounds "$rounds" --json ${against[@]+"${against[@]}"} || failed=1
done
# Compiled is the default on cuda; replayed, operation by operation, and other precisions beside it.
if [[ " ${asked[*]} " == *" cuda "* ]]; then
  for capture in replay off; do
    part "step-cuda-$capture" "step-cuda-$capture.json" "${bench[@]}" step --engine cuda --sizes "$sizes" --rounds 1 --capture "$capture" --json || failed=1
  done
  for precision in tf32 bf16; do
    part "step-cuda-$precision" "step-cuda-$precision.json" "${bench[@]}" step --engine cuda --sizes "$sizes" --rounds "$rounds" --precision "$precision" --json ${against[@]+"${against[@]}"} || failed=1
  done
  # A thousand images a batch, and PyTorch compiled, too.
  LIMIT=90 part step-cuda-1000 step-cuda-1000.json "${bench[@]}" step --engine cuda --sizes paper-1000 --rounds 1 --json ${against[@]+"${against[@]}"} || failed=1
  if [ ${#against[@]} -gt 0 ]; then
    for precision in float32 tf32 bf16; do
      LIMIT=120 part "step-cuda-$precision-compiled" "step-cuda-$precision-compiled.json" "${bench[@]}" step --engine cuda --sizes "$sizes" --rounds 1 --precision "$precision" --compile-peer --json "${against[@]}" || failed=1
    done
  fi
  LIMIT=90 part losses-cuda losses-cuda.json "${bench[@]}" losses --engine cuda --rounds 1 --ms 20 --json || failed=1
  # The providers that onnxruntime has here; cuda is one where its libraries are.
  LIMIT=60 part providers providers.txt "$node" -e 'import("onnxruntime-node").then((ort) => console.log(JSON.stringify(ort.listSupportedBackends())))'
fi

"$node" - "$out" "${asked[@]}" <<'JS' >"$out/gpu-check.json"
const { existsSync, readFileSync } = require('node:fs');
const [out, ...engines] = process.argv.slice(2);
const json = (name) => {
  const text = existsSync(`${out}/${name}`) ? readFileSync(`${out}/${name}`, 'utf8').trim() : '';
  try {
    return JSON.parse(text.split('\n').at(-1));
  } catch {
    return text ? { text } : null;
  }
};
const said = (name) => (existsSync(`${out}/${name}.log`) ? readFileSync(`${out}/${name}.log`, 'utf8').trim().split('\n').at(-1) : null);
const of = (engine) => {
  const epoch = json(`epoch-${engine}.json`);
  return {
    conformance: json(`conformance-${engine}.json`),
    epoch: epoch && { seconds: epoch.seconds, auroc: epoch.evaluation?.macro.auroc ?? null },
    step: json(`step-${engine}.json`),
    ...(engine === 'cuda' && { replayed: json('step-cuda-replay.json'), opByOp: json('step-cuda-off.json'), tf32: json('step-cuda-tf32.json'), bf16: json('step-cuda-bf16.json'), batch1000: json('step-cuda-1000.json'), torchCompiled: Object.fromEntries(['float32', 'tf32', 'bf16'].map((name) => [name, json(`step-cuda-${name}-compiled.json`)])), losses: json('losses-cuda.json') }),
    sameBits: existsSync(`${out}/same-bits-${engine}.txt`)
      ? readFileSync(`${out}/same-bits-${engine}.txt`, 'utf8') === ''
      : null,
    said: { conformance: said(`conformance-${engine}`), epoch: said(`epoch-${engine}`), step: said(`step-${engine}`) },
  };
};
const gpu = readFileSync(`${out}/gpu.txt`, 'utf8').trim() || null;
console.log(JSON.stringify({ gpu, node: process.version, doctor: json('doctor.json'), onnxruntime: json('providers.txt'), engines: Object.fromEntries(engines.map((name) => [name, of(name)])) }));
JS
log "results: $out/gpu-check.json"
exit $failed
