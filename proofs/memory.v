(* The memory part of src/machine/memory.rs, machine-checked: from the multiset equation of the memory's bus (over F, read as
   integers modulo p) and the look-up of ages, each access finds what the last one before it left, and what is listed there if there was none.
   No axiom. Addresses, words and times are elements of a field F of characteristic p; [tm] is the image of an integer.
   It is about a transcription of the rules, not extracted from the code. *)
From Coq Require Import Arith Lia List ZArith Bool Wf_nat.

Section Memory.
Variable F : Type.
Variable F_dec : forall a b : F, {a = b} + {a <> b}.
Variable first : F -> F.                (* of an address: what is listed there *)
Variable tm : Z -> F.
Variable p : Z.
Variable R : nat.                      (* steps, and cells *)
Hypothesis tm_eq : forall x y, tm x = tm y -> exists z : Z, (x - y = z * p)%Z.
Hypothesis p_large : (2 * Z.of_nat R < p)%Z.

(* On row i: whether it accesses a cell, which, what it finds and leaves there, and the time of what it finds. *)
Variable acc : nat -> bool.
Variables addr old new bef : nat -> F.
(* Of the cell with the address j: whether it is opened and closed, and what is there in the end. *)
Variable touched : nat -> bool.
Variables kept last : nat -> F.

(* The bus of ages: index - before is the number of a row. *)
Hypothesis age : forall i, i < R -> acc i = true ->
  exists a, a < R /\ bef i = tm (Z.of_nat i - Z.of_nat a).

(* The bus of the memory. *)
Definition cell := (F * F * F)%type.
Definition cell_dec (a b : cell) : {a = b} + {a <> b}.
Proof. repeat decide equality. Defined.
Definition same a b := if cell_dec a b then true else false.
Definition leaves i : cell := (addr i, new i, tm (Z.of_nat (S i))).
Definition finds i : cell := (addr i, old i, bef i).
Definition opens j : cell := (tm (Z.of_nat j), first (tm (Z.of_nat j)), tm 0).
Definition closes j : cell := (tm (Z.of_nat j), kept j, last j).
Fixpoint count (P : nat -> bool) n :=
  match n with 0 => 0 | S m => (if P m then 1 else 0) + count P m end.
Definition made c :=
  count (fun i => acc i && same (leaves i) c) R + count (fun j => touched j && same (opens j) c) R.
Definition taken c :=
  count (fun i => acc i && same (finds i) c) R + count (fun j => touched j && same (closes j) c) R.
Hypothesis multiset : forall c, exists z : Z,
  (Z.of_nat (made c) - Z.of_nat (taken c) = z * p)%Z.

(* The honest memory before row i. *)
Fixpoint M i : F -> F := match i with 0 => first | S i =>
  if acc i then fun a => if F_dec a (addr i) then new i else M i a else M i end.

(* Counting. *)
Lemma count_le : forall P n, count P n <= n.
Proof. induction n; simpl; [lia|]. destruct (P n); lia. Qed.

Lemma count_some : forall P n, 1 <= count P n -> exists i, i < n /\ P i = true.
Proof.
  induction n; simpl; intros H; [lia|].
  destruct (P n) eqn:E. { exists n. split; [lia|easy]. }
  destruct (IHn H) as (i & Hi & Pi). exists i. split; [lia|easy].
Qed.

Lemma count_one : forall P n i, i < n -> P i = true -> 1 <= count P n.
Proof.
  induction n; simpl; intros i Hi Pi; [lia|].
  destruct (Nat.eq_dec i n) as [->|N]. { rewrite Pi. lia. }
  assert (1 <= count P n) by (apply (IHn i); [lia|easy]). lia.
Qed.

Lemma count_two : forall P n i j, i < n -> j < n -> i <> j -> P i = true -> P j = true -> 2 <= count P n.
Proof.
  induction n; simpl; intros i j Hi Hj N Pi Pj; [lia|].
  destruct (Nat.eq_dec i n) as [->|Ni].
  { rewrite Pi. assert (1 <= count P n) by (apply (count_one _ _ j); [lia|easy]). lia. }
  destruct (Nat.eq_dec j n) as [->|Nj].
  { rewrite Pj. assert (1 <= count P n) by (apply (count_one _ _ i); [lia|easy]). lia. }
  assert (2 <= count P n) by (apply (IHn i j); try lia; easy). lia.
Qed.

Lemma count_none : forall P n, (forall i, i < n -> P i = true -> False) -> count P n = 0.
Proof.
  induction n; simpl; intros H; [easy|].
  destruct (P n) eqn:E. { exfalso. apply (H n); [lia|easy]. }
  apply IHn. intros i Hi. apply H. lia.
Qed.

Lemma count_single : forall P n, (forall i j, i < n -> j < n -> P i = true -> P j = true -> i = j) -> count P n <= 1.
Proof.
  induction n; simpl; intros H; [lia|].
  destruct (P n) eqn:E.
  - rewrite count_none; [lia|]. intros i Hi Pi. assert (i = n) by (apply H; try lia; easy). lia.
  - apply IHn. intros. apply H; try lia; easy.
Qed.

Lemma same_eq : forall a b, same a b = true -> a = b.
Proof. unfold same. intros a b. destruct (cell_dec a b); easy. Qed.

Lemma eq_same : forall a, same a a = true.
Proof. unfold same. intros a. destruct (cell_dec a a); easy. Qed.

(* The equation holds of numbers. *)
Lemma balanced : forall c, made c = taken c.
Proof.
  intros c. destruct (multiset c) as (z & H).
  assert (made c <= 2 * R).
  { unfold made. pose proof (count_le (fun i => acc i && same (leaves i) c) R).
    pose proof (count_le (fun j => touched j && same (opens j) c) R). lia. }
  assert (taken c <= 2 * R).
  { unfold taken. pose proof (count_le (fun i => acc i && same (finds i) c) R).
    pose proof (count_le (fun j => touched j && same (closes j) c) R). lia. }
  assert (z = 0)%Z by nia. subst z. lia.
Qed.

(* Small integers have images of their own. *)
Lemma tm_inj : forall x y, tm x = tm y -> (Z.abs (x - y) <= 2 * Z.of_nat R)%Z -> x = y.
Proof. intros x y H B. destruct (tm_eq _ _ H) as (z & E). assert (z = 0)%Z by nia. subst z. lia. Qed.

(* No two tuples that are made are the same. *)
Lemma leaves_once : forall k, k < R -> made (leaves k) <= 1.
Proof.
  intros k Hk. unfold made.
  rewrite (count_none (fun j => touched j && same (opens j) (leaves k))).
  - rewrite Nat.add_0_r. apply count_single. intros i j Hi Hj Pi Pj.
    apply andb_prop in Pi as [_ Pi]. apply andb_prop in Pj as [_ Pj].
    apply same_eq in Pi. apply same_eq in Pj. unfold leaves in *.
    assert (E : tm (Z.of_nat (S i)) = tm (Z.of_nat (S j))) by congruence.
    apply tm_inj in E; lia.
  - intros j Hj P. apply andb_prop in P as [_ P]. apply same_eq in P. unfold opens, leaves in P.
    assert (E : tm 0 = tm (Z.of_nat (S k))) by congruence. apply tm_inj in E; lia.
Qed.

Lemma opens_once : forall j, j < R -> made (opens j) <= 1.
Proof.
  intros j Hj. unfold made.
  rewrite (count_none (fun i => acc i && same (leaves i) (opens j))).
  - simpl. apply count_single. intros i k Hi Hk Pi Pk.
    apply andb_prop in Pi as [_ Pi]. apply andb_prop in Pk as [_ Pk].
    apply same_eq in Pi. apply same_eq in Pk. unfold opens in *.
    assert (E : tm (Z.of_nat i) = tm (Z.of_nat k)) by congruence. apply tm_inj in E; lia.
  - intros i Hi P. apply andb_prop in P as [_ P]. apply same_eq in P. unfold opens, leaves in P.
    assert (E : tm (Z.of_nat (S i)) = tm 0) by congruence. apply tm_inj in E; lia.
Qed.

(* No two accesses find the same. *)
Lemma finds_once : forall i m, i < R -> m < R -> acc i = true -> acc m = true -> finds i = finds m -> i = m.
Proof.
  intros i m Hi Hm Ai Am E. destruct (Nat.eq_dec i m) as [|N]; [easy|exfalso].
  assert (T : 2 <= taken (finds i)).
  { unfold taken.
    assert (2 <= count (fun x => acc x && same (finds x) (finds i)) R); [|lia].
    apply (count_two _ _ i m); try easy.
    - rewrite Ai, eq_same. easy.
    - rewrite Am, <- E, eq_same. easy. }
  assert (B := balanced (finds i)).
  assert (1 <= made (finds i)) as S1 by lia.
  unfold made in S1.
  destruct (Nat.eq_dec (count (fun x => acc x && same (leaves x) (finds i)) R) 0) as [Z0|NZ].
  - assert (1 <= count (fun j => touched j && same (opens j) (finds i)) R) as S2 by lia.
    apply count_some in S2 as (j & Hj & P). apply andb_prop in P as [_ P]. apply same_eq in P.
    pose proof (opens_once j Hj) as O. rewrite P in O. lia.
  - assert (1 <= count (fun x => acc x && same (leaves x) (finds i)) R) as S2 by lia.
    apply count_some in S2 as (k & Hk & P). apply andb_prop in P as [_ P]. apply same_eq in P.
    pose proof (leaves_once k Hk) as O. rewrite P in O. lia.
Qed.

(* The least number that has a property which can be decided. *)
Lemma least : forall (P : nat -> Prop), (forall n, {P n} + {~ P n}) -> forall m, P m ->
  exists n, P n /\ n <= m /\ forall x, x < n -> ~ P x.
Proof.
  intros P D m. induction m as [m IH] using lt_wf_ind. intros Pm.
  assert (S : {x | x < m /\ P x} + {forall x, x < m -> ~ P x}).
  { clear IH Pm. induction m as [|m IHm]; [right; intros; lia|].
    destruct IHm as [(x & Hx & Px)|N]. { left. exists x. split; [lia|easy]. }
    destruct (D m) as [Pm|Nm]. { left. exists m. split; [lia|easy]. }
    right. intros x Hx. destruct (Nat.eq_dec x m) as [->|]; [easy|]. apply N. lia. }
  destruct S as [(x & Hx & Px)|N].
  - destruct (IH x Hx Px) as (n & Pn & L & U). exists n. repeat split; try easy; lia.
  - exists m. repeat split; [easy|lia|easy].
Qed.

Definition accesses a i := acc i = true /\ addr i = a.
Lemma accesses_dec : forall a i, {accesses a i} + {~ accesses a i}.
Proof.
  intros a i. unfold accesses. destruct (acc i); [|right; intros [H _]; discriminate].
  destruct (F_dec (addr i) a); [left|right]; tauto.
Qed.

(* What an access finds was left by the last access before it, or is what the cell was opened with. *)
Lemma chain : forall i, i < R -> acc i = true ->
  (exists k, k < i /\ accesses (addr i) k /\ finds i = leaves k /\ forall m, k < m < i -> ~ accesses (addr i) m) \/
  (exists j, j < R /\ touched j = true /\ finds i = opens j /\ forall m, m < i -> ~ accesses (addr i) m).
Proof.
  intros i. induction i as [i IH] using lt_wf_ind. intros Hi Ai.
  assert (T : 1 <= taken (finds i)).
  { unfold taken. assert (1 <= count (fun x => acc x && same (finds x) (finds i)) R); [|lia].
    apply (count_one _ _ i); [easy|]. rewrite Ai, eq_same. easy. }
  rewrite <- balanced in T. unfold made in T.
  destruct (Nat.eq_dec (count (fun x => acc x && same (leaves x) (finds i)) R) 0) as [Z0|NZ].
  - assert (1 <= count (fun j => touched j && same (opens j) (finds i)) R) as S by lia.
    apply count_some in S as (j & Hj & P). apply andb_prop in P as [Tj P]. apply same_eq in P.
    right. exists j. repeat split; try easy. intros m Hm Am.
    destruct (least (accesses (addr i)) (accesses_dec _) m Am) as (n & An & Ln & Un).
    destruct An as [An En].
    destruct (IH n) as [(k & Hk & (Ak & Ek) & _ & _)|(j' & Hj' & _ & E' & _)]; try easy; try lia.
    + apply (Un k Hk). split; congruence.
    + assert (j = j').
      { unfold finds, opens in P, E'. assert (E : tm (Z.of_nat j) = tm (Z.of_nat j')) by congruence.
        apply tm_inj in E; lia. }
      subst j'. assert (i = n); [|lia]. apply finds_once; try easy; try lia. congruence.
  - assert (1 <= count (fun x => acc x && same (leaves x) (finds i)) R) as S by lia.
    apply count_some in S as (k & Hk & P). apply andb_prop in P as [Ak P]. apply same_eq in P.
    left. exists k.
    assert (addr k = addr i) as Ek by (unfold leaves, finds in P; congruence).
    assert (k < i) as Lk.
    { destruct (age i Hi Ai) as (a & Ha & Ea). unfold leaves, finds in P.
      assert (E : tm (Z.of_nat (Datatypes.S k)) = tm (Z.of_nat i - Z.of_nat a)) by congruence.
      apply tm_inj in E; lia. }
    repeat split; try easy. intros m Hm Am.
    destruct (least (fun x => k < x /\ accesses (addr i) x)) with (m := m) as (n & (Kn & An & En) & Ln & Un).
    { intros x. destruct (lt_dec k x); [|right; tauto]. destruct (accesses_dec (addr i) x); [left|right]; tauto. }
    { split; [lia|easy]. }
    destruct (IH n) as [(k' & Hk' & (Ak' & Ek') & E' & U')|(j' & _ & _ & _ & U')]; try easy; try lia.
    + assert (~ k' < k) by (intros L; apply (U' k); [lia|split; congruence]).
      assert (~ k < k') by (intros L; apply (Un k' Hk'); split; [easy|split; congruence]).
      assert (k' = k) by lia. subst k'.
      assert (i = n); [|lia]. apply finds_once; try easy; try lia. congruence.
    + apply (U' k Kn). split; congruence.
Qed.

Lemma M_kept : forall i k a, k < i -> accesses a k -> (forall m, k < m < i -> ~ accesses a m) -> M i a = new k.
Proof.
  induction i as [|i IH]; intros k a Hk (Ak & Ek) U; [lia|]. simpl.
  destruct (Nat.eq_dec k i) as [->|N].
  - rewrite Ak. destruct (F_dec a (addr i)); [easy|congruence].
  - assert (M i a = new k) as H.
    { apply IH; [lia|split; easy|]. intros m Hm. apply U. lia. }
    destruct (acc i) eqn:Ai; [|easy]. destruct (F_dec a (addr i)); [|easy].
    exfalso. apply (U i); [lia|]. split; congruence.
Qed.

Lemma M_first : forall i a, (forall m, m < i -> ~ accesses a m) -> M i a = first a.
Proof.
  induction i as [|i IH]; intros a U; simpl; [easy|].
  assert (M i a = first a) as H by (apply IH; intros m Hm; apply U; lia).
  destruct (acc i) eqn:Ai; [|easy]. destruct (F_dec a (addr i)); [|easy].
  exfalso. apply (U i); [lia|]. split; congruence.
Qed.

(* Each access finds what the honest memory holds. *)
Theorem found : forall i, i < R -> acc i = true -> old i = M i (addr i).
Proof.
  intros i Hi Ai. destruct (chain i Hi Ai) as [(k & Hk & A & E & U)|(j & _ & _ & E & U)].
  - rewrite (M_kept i k); try easy. unfold finds, leaves in E. congruence.
  - rewrite M_first; try easy. unfold finds, opens in E. congruence.
Qed.

(* And the cell is one that the machine has. *)
Theorem inside : forall i, i < R -> acc i = true -> exists j, j < R /\ addr i = tm (Z.of_nat j).
Proof.
  intros i. induction i as [i IH] using lt_wf_ind. intros Hi Ai.
  destruct (chain i Hi Ai) as [(k & Hk & (Ak & Ek) & _)|(j & Hj & _ & E & _)].
  - destruct (IH k) as (j & Hj & E); try easy; try lia. exists j. split; congruence.
  - exists j. split; [easy|]. unfold finds, opens in E. congruence.
Qed.
End Memory.

Print Assumptions found.
Print Assumptions inside.
