import { startEngine } from '/work/main/packages/engine/dist/index.js';
import * as tf from '@tensorflow/tfjs-core';
const e = await startEngine('native'); console.log(e.description);
const b = tf.backend(); const B=b.binding;
const mm=(x,y,ta,tb)=>b.executeSingleOutput('MatMul',[{name:'T',type:B.TF_ATTR_TYPE,value:B.TF_FLOAT},{name:'transpose_a',type:B.TF_ATTR_BOOL,value:ta},{name:'transpose_b',type:B.TF_ATTR_BOOL,value:tb}],[x,y]);
const med=a=>a.sort((p,q)=>p-q)[a.length>>1];
const time=(f,n)=>{const t=[];for(let i=0;i<n;i++){const s=performance.now();const r=f();t.push(performance.now()-s);r.dispose();}return med(t)};
const sz=[[448,512,2048,0,0],[448,2048,512,0,0],[448,2048,512,0,1],[512,448,2048,1,0],[2048,448,512,1,0],[448,512,512,0,0],[448,512,512,0,1],[448,512,1024,0,0],[32,7168,7168,0,0],[32,7168,7168,0,1],[7168,32,7168,1,0],[32,512,7168,0,0],[14,512,2048,0,0],[14,2048,512,0,1],[512,14,2048,1,0],[448,128,512,0,0],[128,448,512,1,0],[448,512,128,0,1],[32,1792,1792,0,0],[1792,32,1792,1,0]];
for(const [m,k,n,ta,tb] of sz){
 const x=tf.randomNormal(ta?[k,m]:[m,k]), y=tf.randomNormal(tb?[n,k]:[k,n]);
 const gf=2*m*k*n/1e6; const reps=gf>1000?9:60;
 const r=[time(()=>tf.matMul(x,y,!!ta,!!tb),reps),time(()=>mm(x,y,!!ta,!!tb),reps)];
 console.log(m,k,n,ta,tb,'batch',r[0].toFixed(3),'ms',(gf/r[0]).toFixed(0),'GF/s | matmul',r[1].toFixed(3),(gf/r[1]).toFixed(0)); x.dispose();y.dispose();
}
const a=tf.ones([32,14,128]);
console.log('mul', time(()=>tf.mul(a,a),300).toFixed(4),'reshape',time(()=>tf.reshape(a,[448,128]),300).toFixed(4),'cast',time(()=>tf.cast(a,'float32'),300).toFixed(4), 'mean', time(()=>tf.mean(a,-1,true),300).toFixed(4), 'transpose',time(()=>tf.transpose(a,[1,0,2]),300).toFixed(4));
const t4=tf.ones([32,8,14,16]);
console.log('softmax', time(()=>tf.softmax(tf.reshape(t4,[256,14,16])),200).toFixed(4), 'bmm att', time(()=>tf.matMul(t4,t4,false,true),200).toFixed(4));
const big=tf.ones([7168,7168]);
console.log('big mul', time(()=>tf.mul(big,2),9).toFixed(1),'l2', time(()=>b.executeSingleOutput('L2Loss',[{name:'T',type:B.TF_ATTR_TYPE,value:B.TF_FLOAT}],[big]),9).toFixed(1));
