"""A bounded model check of the machine: all programs of some rows and all witnesses, over a small prime.

It is an independent re-implementation of the rules of the stack, of the program counter and of the look-up of instructions, transcribed by
hand from `src/machine/stack.rs`, `core.rs` and `program.rs`; the running sum is replaced by what its theorem states, an
equation of multisets. Against it stands an honest stack machine. `sat` is a forged witness. Not in it: products, hints, the decoding of
opcodes into flags, the tape's fold.

Run by `tests/library/model.rs`, which hands it the table's effects and needs, so that those can't differ. Needs z3:
see requirements.txt.
"""
import json
import sys
import time
from z3 import *

P = 19  # a prime above 2 R + 1, so that counts do not wrap
BW = 5
def V(n): return BitVec(n, BW)
def C(k): return BitVecVal(k % P, BW)
def add(a,b):
    s = ZeroExt(2,a)+ZeroExt(2,b)
    return Extract(BW-1,0,If(UGE(s,P), s-P, s))
def neg(a): return If(a==0, a, C(0)+BitVecVal(P,BW)-a)
def sub(a,b): return add(a,neg(b))
OPS = {  # name: effect, needs, second?, third?
 'nop':('K',0),'push':('G',0),'add':('S',2),'pop':('S',1),'sub':('S',2),'neg':('K',1),'addi':('K',1),
 'assert':('S',1),'dup':('G',1),'swap':('K',2),'over':('G',2),'rot':('K',3),'pick2':('G',3),'pick3':('G',4),
 'jump':('K',0),'jz':('S',1),'jnz':('S',1),'call':('G',0),'ret':('S',1),'read':('G',0),'write':('S',1),'secret':('G',0),'halt':('S',2)}
READS = {'nop':1,'push':0,'add':2,'pop':2,'sub':2,'neg':1,'addi':1,'assert':2,'dup':1,'swap':2,'over':2,'rot':3,'pick2':3,'pick3':4,
 'jump':1,'jz':2,'jnz':2,'call':0,'ret':2,'read':0,'write':2,'secret':0,'halt':2}
def shape(ops):
    w = max([2]+[READS[o] for o in ops])
    q = max([1]+[ (OPS[o][1]-1 if OPS[o][0]=='S' else OPS[o][1]) for o in ops])
    return w,q
def build(ops, R, control=False, drop=()):
    ops = list(dict.fromkeys(['nop']+ops+['halt']))
    w,q = shape(ops)
    code = {o:i for i,o in enumerate(ops)}
    nb = max(1,(len(ops)).bit_length())
    s = SolverFor('QF_BV')
    def word(n):
        v=V(n); s.add(ULT(v,P)); return v
    W=[[word(f'w{i}_{j}') for j in range(w)] for i in range(R+1)]
    L=[word(f'l{i}') for i in range(R+1)]
    Q=[[word(f'q{i}_{j}') for j in range(q)] for i in range(R+1)]
    op=[BitVec(f'op{i}',nb) for i in range(R+1)]
    arg=[word(f'a{i}') for i in range(R+1)]
    unw=[Bool(f'u{i}') for i in range(R)]
    for i in range(R+1): s.add(ULT(op[i],len(ops)))
    # honest
    D=[Int(f'd{i}') if False else BitVec(f'd{i}',5) for i in range(R+1)]
    S=[[V(f's{i}_{j}') for j in range(R+1)] for i in range(R+1)]
    bad=[]           # honest machine fails here
    s.add(D[0]==0, *[S[0][j]==0 for j in range(R+1)])
    is_=lambda i,o: op[i]==code[o]
    if control:
        ln=BitVec('len',5); s.add(ULT(ln,R))   # room for the halt
        LO=[BitVec(f'lo{a}',nb) for a in range(R)]; LA=[word(f'la{a}') for a in range(R)]
        for a in range(R):
            s.add(ULT(LO[a],len(ops)))
            s.add(Implies(ln==a, And(LO[a]==code['halt'], LA[a]==0)))
        pc=[word(f'pc{i}') for i in range(R+1)]
        s.add(pc[0]==0)
        for i in range(R+1):
            s.add(Or([And(pc[i]==a, ULE(BitVecVal(a,5),ln), op[i]==LO[a], arg[i]==LA[a]) for a in range(R)]))
        s.add(is_(R,'halt'))
    else:
        for i in range(R):
            s.add(Implies(is_(i,'halt'), is_(i+1,'halt')))
        s.add(is_(R,'halt'))
    # start
    if 'start' not in drop:
        s.add(*[x==0 for x in W[0]], L[0]==0)
        if q>1: s.add(*[x==0 for x in Q[0]])
    grow=[];shr=[]
    for i in range(R):
        G=Or([is_(i,o) for o in ops if OPS[o][0]=='G'] or [BoolVal(False)])
        Sh=Or([is_(i,o) for o in ops if OPS[o][0]=='S' and o!='halt']+[And(is_(i,'halt'),unw[i])])
        K=Not(Or(G,Sh))
        grow.append(G); shr.append(Sh)
        s.add(Implies(unw[i], is_(i,'halt')))
        t=W[i]; n=W[i+1]
        # top
        top={'nop':t[0],'push':arg[i],'add':add(t[1],t[0]),'pop':t[1],'sub':sub(t[1],t[0]),'neg':neg(t[0]),'addi':add(t[0],arg[i]),
             'assert':t[1],'dup':t[0],'swap':t[1],'over':t[1],'jump':t[0],'jz':t[1],'jnz':t[1],'ret':t[1],'write':t[1],
             'read':n[0],'secret':n[0]}
        if w>2: top['rot']=t[2]; top['pick2']=t[2]
        if w>3: top['pick3']=t[3]
        if control: top['call']=add(pc[i],C(1))
        for o in ops:
            if o=='halt':
                s.add(Implies(is_(i,o), n[0]==If(unw[i],t[1],t[0])))
            else: s.add(Implies(is_(i,o), n[0]==top[o]))
            if o=='assert': s.add(Implies(is_(i,o), t[0]==1))
        # second.. : moved
        for j in range(1,w):
            own=t[j]; 
            if j==1:
                keepv = own
                if 'swap' in ops: keepv=If(is_(i,'swap'),t[0],keepv)
                if 'rot' in ops: keepv=If(is_(i,'rot'),t[0],keepv)
            elif j==2:
                keepv=own
                if 'rot' in ops: keepv=If(is_(i,'rot'),t[1],keepv)
            else: keepv=own
            s.add(Implies(G, n[j]==t[j-1]))
            s.add(Implies(K, n[j]==keepv))
            if j+1<w: s.add(Implies(Sh, n[j]==t[j+1]))
        s.add(Implies(G, L[i+1]==C(i+1)), Implies(K, L[i+1]==L[i]))
        for j in range(q):
            above = C(1) if j==0 else Q[i][j-1]
            s.add(Implies(G, Q[i+1][j]==above), Implies(K, Q[i+1][j]==Q[i][j]))
            if j+1<q: s.add(Implies(Sh, Q[i+1][j]==Q[i][j+1]))
        if 'needs' not in drop:
            for o in ops:
                e,nd=OPS[o]
                if e=='S' and nd>=2:
                    cond = And(is_(i,o),unw[i]) if o=='halt' else is_(i,o)
                    s.add(Implies(cond, Q[i+1][nd-2]==1))
                if e!='S' and nd>=1:
                    s.add(Implies(is_(i,o), Q[i][nd-1]==1))
        if control:
            nxt={o:add(pc[i],C(1)) for o in ops}
            for o in ('jump','call'): nxt[o]=arg[i]
            nxt['jz']=If(t[0]==0,arg[i],add(pc[i],C(1))); nxt['jnz']=If(t[0]!=0,arg[i],add(pc[i],C(1)))
            nxt['ret']=t[0]; nxt['halt']=pc[i]
            for o in ops: s.add(Implies(is_(i,o), pc[i+1]==nxt[o]))
        # honest step
        b=[]
        for o in ops:
            if o=='halt': continue
            b.append(And(is_(i,o), ULT(D[i], OPS[o][1])))
        bad.append(Or(b))
        d=D[i]; st=S[i]
        def pk(k):   # k-th from top
            e=C(0)
            for j in range(R): e=If(d==BitVecVal(j+1+k,5), st[j], e)
            return e
        dn=If(is_(i,'halt'), d, If(G,d+1,If(Sh,d-1,d)))
        s.add(D[i+1]==dn)
        for j in range(R+1):
            jj=BitVecVal(j,5)
            cases=st[j]
            for o in ops:
                if o in('nop','halt','jump'): continue
                e,nd=OPS[o]
                if e=='G':
                    v={'push':arg[i],'dup':pk(0),'over':pk(1),'pick2':pk(2),'pick3':pk(3),'read':n[0],'secret':n[0]}
                    if control: v['call']=add(pc[i],C(1))
                    cases=If(And(is_(i,o),jj==d), v[o], cases)
                elif e=='S':
                    if o in('add','sub'):
                        r=add(pk(1),pk(0)) if o=='add' else sub(pk(1),pk(0))
                        cases=If(And(is_(i,o),jj==d-2), r, cases)
                    cases=If(And(is_(i,o),jj==d-1), C(0), cases)
                else:
                    if o=='neg': cases=If(And(is_(i,o),jj==d-1),neg(pk(0)),cases)
                    if o=='addi': cases=If(And(is_(i,o),jj==d-1),add(pk(0),arg[i]),cases)
                    if o=='swap': cases=If(And(is_(i,o),jj==d-1),pk(1),If(And(is_(i,o),jj==d-2),pk(0),cases))
                    if o=='rot':
                        cases=If(And(is_(i,o),jj==d-1),pk(2),If(And(is_(i,o),jj==d-2),pk(0),If(And(is_(i,o),jj==d-3),pk(1),cases)))
            s.add(S[i+1][j]==cases)
    # multiset equation
    made=[(C(i+1),W[i][w-1],Q[i][q-1],L[i]) for i in range(R)]
    taken=[(L[i],W[i+1][w-1],Q[i+1][q-1],L[i+1]) for i in range(R)]
    bottom=(L[R],C(0),C(0),C(0))
    eq=lambda a,b: And([x==y for x,y in zip(a,b)])
    def count(c):
        tot=BitVecVal(0,8)
        for i in range(R):
            tot=tot+If(And(grow[i],eq(made[i],c)),BitVecVal(1,8),BitVecVal(0,8))
            tot=tot-If(And(shr[i],eq(taken[i],c)),BitVecVal(1,8),BitVecVal(0,8))
        return tot     # signed, |.|<=R
    ne=Q[R][0]
    # nonempty as a signed residue in (-P/2,P/2); counts are at most R < P/2 in absolute value
    sne=If(UGT(ZeroExt(3,ne),BitVecVal(P//2,8)), ZeroExt(3,ne)-P, ZeroExt(3,ne))
    if 'multiset' not in drop:
        for i in range(R):
            s.add(Implies(grow[i], count(made[i])==If(eq(made[i],bottom),sne,BitVecVal(0,8))))
            s.add(Implies(shr[i], count(taken[i])==If(eq(taken[i],bottom),sne,BitVecVal(0,8))))
        s.add(count(bottom)==sne)
    honest_out=If(D[R]==0,C(0),S[R][0])
    # first failure matters: after it the honest state means nothing
    s.add(Or(Or(bad), W[R][0]!=honest_out))
    return s,(ops,op,arg,unw,W,L,Q,grow,shr)
def show(m,info,R):
    ops,op,arg,unw,W,L,Q,grow,shr=info
    for i in range(R+1):
        o=ops[m.eval(op[i],True).as_long()]
        print(i,o,m.eval(arg[i],True),'unw' if i<R and is_true(m.eval(unw[i],True)) else '', 'W',[m.eval(x,True) for x in W[i]],'L',m.eval(L[i],True),'Q',[m.eval(x,True) for x in Q[i]])
SETS={
 'stack':['push','add','pop'],
 'keep1':['push','addi','neg','pop'],
 'dup':['push','dup','add','pop'],
 'two':['push','dup','swap','over','add','pop'],
 'three':['push','rot','pick2','pop','add'],
 'four':['push','pick3','pop','add','swap'],
 'fieldish':['push','add','pop','neg','addi','dup','swap','over','rot','pick2','pick3'],
 'assert':['push','assert','dup'],
}
CTL={'ctl':['push','pop','jump','jz','call','ret','add'],'ctl2':['push','call','ret','dup','swap','jnz','pop'],'tape':['read','write','secret','jz','pop','add']}
def check(name, rows, drop=()):
    """What the solver says of a set's programs of so many rows, some rules left out."""
    solver, info = build(dict(SETS, **CTL)[name], rows, name in CTL, drop)
    solver.set('timeout', 1000 * 300)
    start = time.time()
    result = solver.check()
    left = ' without ' + ','.join(drop) if drop else ''
    print(f'{result} {name} rows={rows}{left} {time.time() - start:.1f}s', flush=True)
    if result == sat and not drop:
        show(solver.model(), info, rows)
    return result


if __name__ == '__main__':
    table = json.load(sys.stdin)
    for op, (effect, needs) in OPS.items():
        if table[op] != [effect, needs]:
            sys.exit(f'{op} is {table[op]} in the table, and {[effect, needs]} here')
    most = int(sys.argv[1])
    for name in [*SETS, *CTL]:
        for rows in range(1, most + 1):
            check(name, rows)
    # It can find something: without a rule there is a forged witness.
    for drop in ['multiset', 'needs', 'start']:
        for rows in range(1, 4):
            if check('stack', rows, (drop,)) == sat:
                break
