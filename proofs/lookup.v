(* The look-ups of src/machine/program.rs, words.rs, memory.rs (ages) and hash.rs, machine-checked: what rows ask for stands in the table, however
   often its rows say that they are asked for, a number that the prover states. No axiom.
   It is about a transcription of the rules, not extracted from the code. *)
From Coq Require Import Arith Lia List ZArith Bool.

Section LookUp.
Variable tuple : Type.
Variable tuple_dec : forall a b : tuple, {a = b} + {a <> b}.
Variable p : Z.
Variables N T : nat.                   (* look-ups, and rows of the table *)
Hypothesis p_large : (Z.of_nat N < p)%Z.

(* What is looked up; not every row does. *)
Variable looks : nat -> bool.
Variable asked : nat -> tuple.
(* What stands in the table, and how often it is said to be looked up: any word, as an integer. *)
Variable listed : nat -> tuple.
Variable uses : nat -> Z.

Definition same a b := if tuple_dec a b then true else false.
Fixpoint count (P : nat -> bool) n :=
  match n with 0 => 0 | S m => (if P m then 1 else 0) + count P m end.
Fixpoint total (f : nat -> Z) n :=
  match n with 0 => 0%Z | S m => (f m + total f m)%Z end.
Definition received c := count (fun i => looks i && same (asked i) c) N.
Definition sent c := total (fun j => if same (listed j) c then uses j else 0%Z) T.
Hypothesis multiset : forall c, exists z : Z, (Z.of_nat (received c) - sent c = z * p)%Z.

Lemma count_le : forall P n, count P n <= n.
Proof. induction n; simpl; [lia|]. destruct (P n); lia. Qed.

Lemma count_one : forall P n i, i < n -> P i = true -> 1 <= count P n.
Proof.
  induction n; simpl; intros i Hi Pi; [lia|].
  destruct (Nat.eq_dec i n) as [->|D]. { rewrite Pi. lia. }
  assert (1 <= count P n) by (apply (IHn i); [lia|easy]). lia.
Qed.

Lemma total_none : forall f n, (forall j, j < n -> f j = 0%Z) -> total f n = 0%Z.
Proof.
  induction n; simpl; intros H; [easy|].
  rewrite (H n) by lia. rewrite IHn; [easy|]. intros j Hj. apply H. lia.
Qed.

Lemma total_single : forall f n j, j < n -> (forall k, k < n -> k <> j -> f k = 0%Z) -> total f n = f j.
Proof.
  induction n; simpl; intros j Hj H; [lia|].
  destruct (Nat.eq_dec j n) as [->|D].
  - rewrite total_none; [lia|]. intros k Hk. apply H; lia.
  - rewrite (H n) by lia. rewrite (IHn j); [easy|lia|]. intros k Hk. apply H; lia.
Qed.

Lemma eq_same : forall a, same a a = true.
Proof. unfold same. intros a. destruct (tuple_dec a a); easy. Qed.

(* Whether a tuple is in the table can be decided. *)
Lemma in_table : forall c n, {j | j < n /\ listed j = c} + {forall j, j < n -> listed j <> c}.
Proof.
  induction n as [|n [(j & Hj & E)|U]].
  - right. lia.
  - left. exists j. split; [lia|easy].
  - destruct (tuple_dec (listed n) c) as [E|E].
    + left. exists n. split; [lia|easy].
    + right. intros j Hj. destruct (Nat.eq_dec j n) as [->|D]; [easy|]. apply U. lia.
Qed.

(* What is looked up is in the table. *)
Theorem found : forall i, i < N -> looks i = true -> exists j, j < T /\ asked i = listed j.
Proof.
  intros i Hi Li. destruct (in_table (asked i) T) as [(j & Hj & E)|U]. { exists j. easy. }
  exfalso. destruct (multiset (asked i)) as (z & H).
  assert (S0 : sent (asked i) = 0%Z).
  { unfold sent. apply total_none. intros j Hj. unfold same. destruct (tuple_dec (listed j) (asked i)) as [E|]; [|easy].
    exfalso. apply (U j Hj E). }
  assert (1 <= received (asked i)).
  { unfold received. apply (count_one _ _ i); [easy|]. rewrite Li, eq_same. easy. }
  assert (received (asked i) <= N) by apply count_le.
  assert (z = 0)%Z by nia. subst z. lia.
Qed.

(* And where no row of the table is there twice, a prover has no choice of what it says how often it is looked up. *)
Theorem used : (forall j k, j < T -> k < T -> listed j = listed k -> j = k) ->
  forall j, j < T -> exists z : Z, (Z.of_nat (received (listed j)) - uses j = z * p)%Z.
Proof.
  intros D j Hj. destruct (multiset (listed j)) as (z & H). exists z. rewrite <- H. unfold sent.
  rewrite (total_single _ _ j Hj).
  - rewrite eq_same. easy.
  - intros k Hk Nk. unfold same. destruct (tuple_dec (listed k) (listed j)) as [E|]; [|easy].
    exfalso. apply Nk. apply D; easy.
Qed.
End LookUp.

Print Assumptions found.
Print Assumptions used.
