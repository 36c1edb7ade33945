import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '@cxr-align/engine';
const { TrainingStep } = await import('./dist/step-only.mjs');
await startEngine('native');
const small = process.argv[2]==='small';
const step = new TrainingStep(small?{dim:128,layers:2,batch:32,mixing:'full'}:{dim:512,layers:8,batch:32,mixing:'full'});
for (let i=0;i<3;i++) await step.run();
const be=tf.backend(); const orig=be.binding.executeOp; const acc={};
const shapes=new Map();
const ex1=be.executeSingleOutput.bind(be), exm=be.executeMultipleOutputs.bind(be);
be.executeSingleOutput=(n,a,ins)=>{const t=performance.now();const r=ex1(n,a,ins);const d=performance.now()-t;const k=n+' '+(a.filter(x=>/transpose|adj/.test(x.name)).map(x=>+x.value).join(''))+' '+ins.map(x=>x.shape?.join('x')).join(' , ');(acc[k]??=[0,0]);acc[k][0]+=d;acc[k][1]++;return r;};
be.executeMultipleOutputs=(n,a,ins,o)=>{const t=performance.now();const r=exm(n,a,ins,o);const d=performance.now()-t;const k=n+' '+ins.slice(0,3).map(x=>x.shape?.join('x')).join(' , ');(acc[k]??=[0,0]);acc[k][0]+=d;acc[k][1]++;return r;};
const N=small?10:3; const t0=performance.now();
for(let i=0;i<N;i++) await step.run();
const total=(performance.now()-t0)/N; let s=0,c=0;
for(const [k,[ms,n]] of Object.entries(acc).sort((a,b)=>b[1][0]-a[1][0]).slice(0,34)) console.log((ms/N).toFixed(2).padStart(8),'ms',(n/N).toFixed(0).padStart(4),'x',(ms/n).toFixed(3),k);
for(const [ms,n] of Object.values(acc)){s+=ms/N;c+=n/N}
console.log('total',total.toFixed(1),'in ops',s.toFixed(1),'calls',c);
process.exit(0);
