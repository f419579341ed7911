(* The stack part of src/machine/stack.rs, machine-checked: from the frame's rules and the multiset equation
   M = T + nonempty * {(link, 0, 0, 0)} (over F, read as integers modulo p) the window is the honest machine's.
   No axiom. Words, keys and flags are elements of any field F of more than R elements' worth of characteristic. *)
From Coq Require Import Arith Lia List ZArith Bool.
Import ListNotations.

Inductive effect := Grow | Keep | Shrink.

Section Cells.
Variable F : Type.
Variable F_dec : forall a b : F, {a = b} + {a <> b}.
Variables f0 f1 : F.
Variable toZ : F -> Z.
Variable p : Z.
Variable R : nat.                      (* steps *)
Hypothesis toZ_0 : toZ f0 = 0%Z.
Hypothesis toZ_zero : forall a z, toZ a = (z * p)%Z -> a = f0.
Hypothesis p_large : (Z.of_nat R < p)%Z.
Variable key : nat -> F.
Hypothesis key_0 : key 0 = f0.
Hypothesis key_inj : forall i j, i <= R -> j <= R -> key i = key j -> i = j.

Variable kind : nat -> effect.
Variables w nq : nat.                  (* words of the window, presence flags *)
Hypothesis w_2 : 2 <= w.
Hypothesis nq_1 : 1 <= nq.
Variable win : nat -> nat -> F.        (* row, place *)
Variable q : nat -> nat -> F.
Variable link : nat -> F.
(* what an instruction writes, from the words of the window and whatever a tape gives *)
Variable new : nat -> (nat -> F) -> nat -> F.
Hypothesis new_ext : forall i u v j, (forall x, x < w -> u x = v x) -> new i u j = new i v j.

(* start *)
Hypothesis start_w : forall j, j < w -> win 0 j = f0.
Hypothesis start_l : link 0 = f0.
Hypothesis start_q : 2 <= nq -> forall j, j < nq -> q 0 j = f0.
(* stack and relation *)
Hypothesis grow_0 : forall i, i < R -> kind i = Grow -> win (S i) 0 = new i (win i) 0.
Hypothesis grow_s : forall i j, i < R -> kind i = Grow -> S j < w -> win (S i) (S j) = win i j.
Hypothesis grow_q0 : forall i, i < R -> kind i = Grow -> q (S i) 0 = f1.
Hypothesis grow_qs : forall i j, i < R -> kind i = Grow -> S j < nq -> q (S i) (S j) = q i j.
Hypothesis grow_l : forall i, i < R -> kind i = Grow -> link (S i) = key (S i).
Hypothesis keep_w : forall i j, i < R -> kind i = Keep -> j < w -> win (S i) j = new i (win i) j.
Hypothesis keep_q : forall i j, i < R -> kind i = Keep -> j < nq -> q (S i) j = q i j.
Hypothesis keep_l : forall i, i < R -> kind i = Keep -> link (S i) = link i.
Hypothesis shrink_0 : forall i, i < R -> kind i = Shrink -> win (S i) 0 = new i (win i) 0.
Hypothesis shrink_s : forall i j, i < R -> kind i = Shrink -> 0 < j -> S j < w -> win (S i) j = win i (S j).
Hypothesis shrink_q : forall i j, i < R -> kind i = Shrink -> S j < nq -> q (S i) j = q i (S j).

(* cells *)
Definition cell := (F * F * F * F)%type.
Definition cell_dec (a b : cell) : {a = b} + {a <> b}.
Proof. repeat decide equality. Qed.
Definition made i : cell := (key (S i), win i (w - 1), q i (nq - 1), link i).
Definition taken i : cell := (link i, win (S i) (w - 1), q (S i) (nq - 1), link (S i)).
Definition bottom : cell := (link R, f0, f0, f0).
Definition isg e := match e with Grow => true | _ => false end.
Definition iss e := match e with Shrink => true | _ => false end.
Fixpoint count (P : nat -> bool) n := match n with 0 => 0 | S m => (if P m then 1 else 0) + count P m end.
Definition cM c := count (fun i => isg (kind i) && if cell_dec (made i) c then true else false) R.
Definition cT c := count (fun i => iss (kind i) && if cell_dec (taken i) c then true else false) R.
Hypothesis multiset : forall c, exists z : Z,
  (Z.of_nat (cM c) - Z.of_nat (cT c) = (if cell_dec c bottom then toZ (q R 0) else 0) + z * p)%Z.

(* the honest machine *)
Fixpoint frames i : list nat := match i with 0 => [] | S i =>
  match kind i with Grow => i :: frames i | Keep => frames i | Shrink => tl (frames i) end end.
Definition HL i := match frames i with [] => 0 | k :: _ => S k end.
Fixpoint HW i : nat -> F := match i with 0 => fun _ => f0 | S i =>
  match kind i with
  | Grow => fun j => match j with 0 => new i (HW i) 0 | S j => HW i j end
  | Keep => fun j => if j <? w then new i (HW i) j else HW i j
  | Shrink => fun j => match j with 0 => new i (HW i) 0 | S j => HW i (S (S j)) end
  end end.
Fixpoint HQ i : nat -> F := match i with 0 => fun j => if j <? nq then q 0 j else f0 | S i =>
  match kind i with
  | Grow => fun j => match j with 0 => f1 | S j => HQ i j end
  | Keep => HQ i
  | Shrink => fun j => HQ i (S j)
  end end.
Fixpoint e i := match i with 0 => 0 | S i =>
  match kind i, frames i with Shrink, [] => S (e i) | _, _ => e i end end.

(* counting *)
Lemma count_le P n : count P n <= n.
Proof. induction n; simpl; [lia|]. destruct (P n); lia. Qed.
Lemma count_pos P n i : i < n -> P i = true -> 1 <= count P n.
Proof. induction n; intros Hi HP; [lia|]. simpl. destruct (Nat.eq_dec i n) as [->|]; [rewrite HP; lia|].
  assert (1 <= count P n) by (apply IHn; [lia|assumption]). lia. Qed.
Lemma count_ex P n : 1 <= count P n -> exists i, i < n /\ P i = true.
Proof. induction n; simpl; intros H; [lia|]. destruct (P n) eqn:E; [exists n; split; [lia|assumption]|].
  destruct IHn as [i [Hi HP]]; [lia|]. exists i; split; [lia|assumption]. Qed.
Lemma count_0 P n : (forall i, i < n -> P i = false) -> count P n = 0.
Proof. induction n; intros H; [reflexivity|]. simpl. rewrite H by lia. rewrite IHn; [reflexivity|].
  intros; apply H; lia. Qed.
Lemma cT_pos i : i < R -> kind i = Shrink -> 1 <= cT (taken i).
Proof. intros Hi Hk. apply count_pos with i; [assumption|]. rewrite Hk. simpl.
  destruct (cell_dec (taken i) (taken i)) as [|X]; [reflexivity|contradiction X; reflexivity]. Qed.
Lemma cM_pos i : i < R -> kind i = Grow -> 1 <= cM (made i).
Proof. intros Hi Hk. apply count_pos with i; [assumption|]. rewrite Hk. simpl.
  destruct (cell_dec (made i) (made i)) as [|X]; [reflexivity|contradiction X; reflexivity]. Qed.
Lemma cM_ex c : 1 <= cM c -> exists k, k < R /\ kind k = Grow /\ made k = c.
Proof. intros H. destruct (count_ex _ _ H) as [k [Hk HP]]. exists k. split; [assumption|].
  apply andb_true_iff in HP. destruct HP as [A B]. split; [revert A; destruct (kind k); simpl; congruence|].
  destruct (cell_dec (made k) c); [assumption|discriminate]. Qed.
Lemma cT_ex c : 1 <= cT c -> exists i, i < R /\ kind i = Shrink /\ taken i = c.
Proof. intros H. destruct (count_ex _ _ H) as [k [Hk HP]]. exists k. split; [assumption|].
  apply andb_true_iff in HP. destruct HP as [A B]. split; [revert A; destruct (kind k); simpl; congruence|].
  destruct (cell_dec (taken k) c); [assumption|discriminate]. Qed.
Lemma balanced c : c <> bottom -> cM c = cT c.
Proof. intros Hc. destruct (multiset c) as [z Hz]. destruct (cell_dec c bottom); [contradiction|].
  assert (cM c <= R) by apply count_le. assert (cT c <= R) by apply count_le.
  assert (z = 0)%Z by nia. lia. Qed.
(* what is taken was made, or is the bottom of the last rule *)
Lemma taken_made i : i < R -> kind i = Shrink ->
  taken i = bottom \/ exists k, k < R /\ kind k = Grow /\ made k = taken i.
Proof. intros Hi Hk. destruct (cell_dec (taken i) bottom) as [|Hn]; [left; assumption|right].
  apply cM_ex. rewrite (balanced _ Hn). apply cT_pos; assumption. Qed.

(* frames *)
Lemma frames_k : forall i k rest, frames i = k :: rest -> kind k = Grow /\ k < i /\ frames k = rest.
Proof. induction i as [i IH] using (well_founded_induction lt_wf). intros k rest H.
  destruct i as [|i]; [discriminate|]. simpl in H. destruct (kind i) eqn:E.
  - injection H as <- <-. auto.
  - destruct (IH i (Nat.lt_succ_diag_r i) _ _ H) as [A [B C]]. repeat split; auto; lia.
  - destruct (frames i) as [|k' r] eqn:Ei; [discriminate|]. simpl in H. subst r.
    destruct (IH i (Nat.lt_succ_diag_r i) _ _ Ei) as [A [B C]].
    destruct (IH k' ltac:(lia) _ _ C) as [A' [B' C']]. repeat split; auto; lia. Qed.
Lemma HL_le i : HL i <= i.
Proof. unfold HL. destruct (frames i) eqn:E; [lia|]. apply frames_k in E. lia. Qed.
Lemma frames_lt : forall i y, In y (frames i) -> y < i.
Proof. induction i; simpl; intros y H; [contradiction|]. destruct (kind i).
  - destruct H as [<-|H]; [lia|]. apply IHi in H; lia.
  - apply IHi in H; lia.
  - assert (In y (frames i)) by (destruct (frames i); simpl in *; auto). apply IHi in H0; lia. Qed.
Lemma popped i k rest : kind i = Shrink -> frames i = k :: rest ->
  forall j, i < j -> forall y, In y (frames j) -> y < k \/ i < y.
Proof. intros Hk Hf. induction j; intros Hj y Hy; [lia|]. destruct (Nat.eq_dec j i) as [->|].
  - simpl in Hy. rewrite Hk, Hf in Hy. simpl in Hy. left. apply frames_k in Hf. destruct Hf as [_ [_ <-]].
    apply frames_lt; assumption.
  - simpl in Hy. destruct (kind j).
    + destruct Hy as [<-|Hy]; [right; lia|]. apply IHj; [lia|assumption].
    + apply IHj; [lia|assumption].
    + apply IHj; [lia|]. destruct (frames j); simpl in *; auto. Qed.

(* below the window there is what stood there *)
Lemma HW_k : forall i k rest, frames i = k :: rest -> forall x, HW i (w + x) = HW k (w - 1 + x).
Proof. induction i as [i IH] using (well_founded_induction lt_wf). intros k rest H x.
  destruct i as [|i]; [discriminate|]. simpl in H. simpl HW. destruct (kind i) eqn:E.
  - injection H as <- <-. replace (w + x) with (S (w - 1 + x)) by lia. reflexivity.
  - destruct (Nat.ltb_spec (w + x) w); [lia|]. eapply IH; [lia|eassumption].
  - destruct (frames i) as [|k' r] eqn:Ei; [discriminate|]. simpl in H. subst r.
    replace (w + x) with (S (w - 1 + x)) by lia. replace (S (S (w - 1 + x))) with (w + (S x)) by lia.
    rewrite (IH i (Nat.lt_succ_diag_r i) _ _ Ei). apply frames_k in Ei. destruct Ei as [_ [B C]].
    replace (w - 1 + S x) with (w + x) by lia. apply IH with rest; [lia|assumption]. Qed.
Lemma HW_nil : forall i, frames i = [] -> forall x, HW i (w + x) = f0.
Proof. induction i as [i IH] using (well_founded_induction lt_wf). intros H x.
  destruct i as [|i]; [reflexivity|]. simpl in H. simpl HW. destruct (kind i) eqn:E; [discriminate| |].
  - destruct (Nat.ltb_spec (w + x) w); [lia|]. apply IH; [lia|assumption].
  - replace (w + x) with (S (w - 1 + x)) by lia. replace (S (S (w - 1 + x))) with (w + (S x)) by lia.
    destruct (frames i) as [|k r] eqn:Ei; [apply IH; [lia|assumption]|]. simpl in H. subst r.
    rewrite (HW_k _ _ _ Ei). apply frames_k in Ei. destruct Ei as [_ [B C]].
    replace (w - 1 + S x) with (w + x) by lia. apply IH; [lia|assumption]. Qed.
Lemma HQ_k : forall i k rest, frames i = k :: rest -> HQ i 0 = f1 /\ forall x, HQ i (S x) = HQ k x.
Proof. induction i as [i IH] using (well_founded_induction lt_wf). intros k rest H.
  destruct i as [|i]; [discriminate|]. simpl in H. simpl HQ. destruct (kind i) eqn:E.
  - injection H as <- <-. auto.
  - eapply IH; [lia|eassumption].
  - destruct (frames i) as [|k' r] eqn:Ei; [discriminate|]. simpl in H. subst r.
    destruct (IH i (Nat.lt_succ_diag_r i) _ _ Ei) as [_ B]. apply frames_k in Ei. destruct Ei as [_ [L C]].
    destruct (IH k' ltac:(lia) _ _ C) as [A' B']. split; [rewrite B; assumption|]. intros x. rewrite B. apply B'. Qed.
Lemma e_k : forall i k rest, frames i = k :: rest -> e k = e i.
Proof. induction i as [i IH] using (well_founded_induction lt_wf). intros k rest H.
  destruct i as [|i]; [discriminate|]. simpl in H. simpl e. destruct (kind i) eqn:E.
  - injection H as <- <-. reflexivity.
  - eapply IH; [lia|eassumption].
  - destruct (frames i) as [|k' r] eqn:Ei; [discriminate|]. simpl in H. subst r.
    rewrite <- (IH i (Nat.lt_succ_diag_r i) _ _ Ei). apply frames_k in Ei. destruct Ei as [_ [L C]].
    apply IH with rest; [lia|assumption]. Qed.
Lemma HQ_nil : forall i, frames i = [] -> forall x, HQ i x = HQ 0 (e i + x).
Proof. induction i as [i IH] using (well_founded_induction lt_wf). intros H x.
  destruct i as [|i]; [reflexivity|]. simpl in H. cbn [HQ e]. destruct (kind i) eqn:E; [discriminate| |].
  - apply IH; [lia|assumption].
  - destruct (frames i) as [|k r] eqn:Ei.
    + transitivity (HQ 0 (e i + S x)); [apply IH; [lia|assumption]|].
      replace (e i + S x) with (S (e i) + x) by lia. reflexivity.
    + simpl in H. subst r. destruct (HQ_k _ _ _ Ei) as [_ B]. rewrite B. pose proof (e_k _ _ _ Ei) as K.
      apply frames_k in Ei. destruct Ei as [_ [L C]]. rewrite <- K. apply IH; [lia|assumption]. Qed.
Lemma e_mono : forall i j, i <= j -> e i <= e j.
Proof. intros i j H. induction H; [lia|]. simpl. destruct (kind m); try lia. destruct (frames m); lia. Qed.
Lemma HQ_far i : frames i = [] -> forall x, HQ i (nq + x) = f0.
Proof. intros H x. rewrite (HQ_nil _ H). simpl. destruct (Nat.ltb_spec (e i + (nq + x)) nq); [lia|reflexivity]. Qed.

(* the invariant *)
Definition Inv i := (forall j, j < w -> win i j = HW i j) /\ (forall j, j < nq -> q i j = HQ i j) /\ link i = key (HL i).

(* after a cell of key S k is gone, no link is that key: whatever is taken later *)
Lemma gone i k : i < R -> kind i = Shrink -> k < i -> (forall m, m <= i -> Inv m) -> link (S i) = f0 ->
  forall j, i < j -> j <= R -> exists m, m <= j /\ link j = key m /\ (m <= k \/ i < m).
Proof. intros Hi Hk Hki HI H0. induction j as [j IH] using (well_founded_induction lt_wf). intros Hj HR.
  destruct j as [|j]; [lia|]. destruct (Nat.eq_dec j i) as [->|].
  { exists 0. rewrite key_0. repeat split; [lia|assumption|left; lia]. }
  destruct (IH j ltac:(lia) ltac:(lia) ltac:(lia)) as [m [Hm [Hl Hc]]]. destruct (kind j) eqn:E.
  - exists (S j). split; [lia|]. split; [apply grow_l; [lia|assumption]|right; lia].
  - exists m. split; [lia|]. split; [rewrite keep_l by (auto; lia); assumption|assumption].
  - destruct (taken_made j ltac:(lia) E) as [B|[k' [Lk [Gk Mk]]]].
    + unfold taken, bottom in B. injection B as _ _ _ B. exists 0. rewrite key_0. repeat split; [lia|assumption|left; lia].
    + unfold taken, made in Mk. injection Mk as A _ _ D. rewrite Hl in A.
      apply key_inj in A; [|lia|lia]. subst m. rewrite <- D. destruct Hc as [Hc|Hc].
      * destruct (HI k' ltac:(lia)) as [_ [_ L]]. exists (HL k'). assert (HL k' <= k') by apply HL_le.
        split; [lia|]. split; [assumption|left; lia].
      * assert (k' <> i) by (intros ->; congruence).
        destruct (IH k' ltac:(lia) ltac:(lia) ltac:(lia)) as [m' [? [? ?]]].
        exists m'. split; [lia|]. split; assumption. Qed.

Theorem inv : forall i, i <= R -> Inv i.
Proof. induction i as [i IH] using (well_founded_induction lt_wf). intros Hi. destruct i as [|i].
  { split; [exact start_w|]. split; [|simpl; rewrite start_l; symmetry; exact key_0].
    intros j Hj. simpl. destruct (Nat.ltb_spec j nq); [reflexivity|lia]. }
  assert (Hir : i < R) by lia. destruct (IH i ltac:(lia) ltac:(lia)) as [IW [IQ IL]].
  assert (E' : forall j, new i (win i) j = new i (HW i) j) by (intros; apply new_ext; assumption).
  destruct (kind i) eqn:E.
  - split; [|split].
    + intros [|j] Hj; simpl; rewrite E; [rewrite grow_0 by assumption; apply E'|].
      rewrite grow_s by assumption. apply IW. lia.
    + intros [|j] Hj; simpl; rewrite E; [apply grow_q0; assumption|]. rewrite grow_qs by assumption. apply IQ. lia.
    + unfold HL. simpl. rewrite E. apply grow_l; assumption.
  - split; [|split].
    + intros j Hj. simpl. rewrite E. destruct (Nat.ltb_spec j w); [|lia]. rewrite keep_w by assumption. apply E'.
    + intros j Hj. simpl. rewrite E. rewrite keep_q by assumption. apply IQ; assumption.
    + unfold HL. simpl. rewrite E. rewrite keep_l by assumption. exact IL.
  - (* what is taken is what stood there *)
    assert (HC : win (S i) (w - 1) = HW i w /\ q (S i) (nq - 1) = HQ i nq /\ link (S i) = key (HL (S i))).
    { destruct (frames i) as [|k rest] eqn:Ef.
      - assert (L0 : link i = f0) by (rewrite IL; unfold HL; rewrite Ef; exact key_0).
        replace (HW i w) with f0 by (symmetry; replace w with (w + 0) by lia; apply HW_nil; assumption).
        replace (HQ i nq) with f0 by (symmetry; replace nq with (nq + 0) by lia; apply HQ_far; assumption).
        destruct (taken_made i Hir E) as [B|[k [Lk [Gk Mk]]]].
        + unfold taken, bottom in B. injection B as _ A B C. repeat split; try assumption.
          unfold HL. simpl. rewrite E, Ef. simpl. rewrite key_0. assumption.
        + unfold taken, made in Mk. injection Mk as A _ _ _. rewrite L0, <- key_0 in A. apply key_inj in A; lia.
      - pose proof (frames_k _ _ _ Ef) as [Gk [Lk Fk]].
        assert (Li : link i = key (S k)) by (rewrite IL; unfold HL; rewrite Ef; reflexivity).
        destruct (taken_made i Hir E) as [B|[k' [Lk' [Gk' Mk]]]].
        + exfalso. unfold taken, bottom in B. injection B as A _ _ C.
          destruct (gone i k Hir E Lk) with (j := R) as [m [Hm [Hl Hc]]]; try lia.
          { intros m Hm. apply IH; lia. } { assumption. }
          rewrite <- A, Li in Hl. apply key_inj in Hl; lia.
        + unfold taken, made in Mk. injection Mk as A B C D. rewrite Li in A. apply key_inj in A; [|lia|lia].
          injection A as ->. destruct (IH k ltac:(lia) ltac:(lia)) as [KW [KQ KL]]. repeat split.
          * rewrite <- B, KW by lia. replace w with (w + 0) at 2 by lia. rewrite (HW_k _ _ _ Ef). f_equal. lia.
          * rewrite <- C, KQ by lia. destruct (HQ_k _ _ _ Ef) as [_ X]. replace nq with (S (nq - 1)) at 2 by lia.
            rewrite X. reflexivity.
          * rewrite <- D, KL. unfold HL. simpl. rewrite E, Ef. simpl. rewrite Fk. reflexivity. }
    destruct HC as [CW [CQ CL]]. split; [|split; [|assumption]].
    + intros j Hj. simpl. rewrite E. destruct j as [|j]; [rewrite shrink_0 by assumption; apply E'|].
      destruct (Nat.eq_dec (S j) (w - 1)) as [Ej|]; [rewrite Ej, CW; f_equal; lia|].
      rewrite shrink_s by (auto; lia). apply IW. lia.
    + intros j Hj. simpl. rewrite E. destruct (Nat.eq_dec j (nq - 1)) as [Ej|]; [rewrite Ej, CQ; f_equal; lia|].
      rewrite shrink_q by (auto; lia). apply IQ. lia. Qed.

(* nothing is taken from the empty stack *)
Theorem no_underflow : forall i, i < R -> kind i = Shrink -> frames i <> [].
Proof. intros i Hi Hk Hf.
  assert (L0 : link i = key 0) by (destruct (inv i ltac:(lia)) as [_ [_ L]]; rewrite L; unfold HL; rewrite Hf; reflexivity).
  destruct (taken_made i Hi Hk) as [B|[k [Lk [Gk Mk]]]].
  2:{ unfold taken, made in Mk. injection Mk as A _ _ _. rewrite L0 in A. apply key_inj in A; lia. }
  assert (LR : link R = key 0) by (unfold taken, bottom in B; injection B as A _ _ _; congruence).
  destruct (inv R (le_n R)) as [_ [IQ IL]]. rewrite IL in LR. apply key_inj in LR; [|apply HL_le|lia].
  assert (FR : frames R = []) by (unfold HL in LR; destruct (frames R); [reflexivity|discriminate]).
  assert (Q0 : q R 0 = f0).
  { rewrite IQ by lia. rewrite (HQ_nil _ FR). assert (1 <= e R).
    { apply Nat.le_trans with (e (S i)); [simpl; rewrite Hk, Hf; lia|apply e_mono; lia]. }
    simpl. destruct (Nat.ltb_spec (e R + 0) nq); [|reflexivity]. apply start_q; lia. }
  assert (M0 : cM bottom = 0).
  { destruct (cM bottom) eqn:Ec; [reflexivity|]. destruct (cM_ex bottom ltac:(lia)) as [k [Lk [_ Mk]]].
    unfold made, bottom in Mk. injection Mk as A _ _ _. rewrite IL, LR in A. apply key_inj in A; lia. }
  assert (T1 : 1 <= cT bottom) by (rewrite <- B; apply cT_pos; assumption).
  assert (TR : cT bottom <= R) by apply count_le.
  destruct (multiset bottom) as [z Hz]. destruct (cell_dec bottom bottom) as [_|]; [|congruence].
  rewrite M0, Q0, toZ_0 in Hz. assert (z < 0)%Z by nia. nia. Qed.
Corollary no_e : e R = 0.
Proof. assert (H : forall i, i <= R -> e i = 0); [|apply H; lia]. induction i; intros Hi; [reflexivity|]. simpl.
  destruct (kind i) eqn:E; try (apply IHi; lia). destruct (frames i) eqn:Ef; [|apply IHi; lia].
  exfalso. apply (no_underflow i); [lia|assumption|assumption]. Qed.

(* what is left was made and not taken *)
Lemma left_over k : In k (frames R) -> made k = bottom.
Proof. intros Hin. destruct (cell_dec (made k) bottom) as [|Hn]; [assumption|]. exfalso.
  assert (HG : forall i, In k (frames i) -> kind k = Grow /\ k < i).
  { induction i; simpl; intros H; [contradiction|]. destruct (kind i) eqn:E.
    - destruct H as [<-|H]; [auto|]. apply IHi in H. intuition lia.
    - apply IHi in H. intuition lia.
    - assert (In k (frames i)) by (destruct (frames i); simpl in *; auto). apply IHi in H0. intuition lia. }
  destruct (HG R Hin) as [Gk Lk]. assert (P : 1 <= cT (made k)) by (rewrite <- (balanced _ Hn); apply cM_pos; assumption).
  destruct (cT_ex _ P) as [i [Hi [Hk Ht]]]. unfold taken, made in Ht. injection Ht as A _ _ _.
  destruct (inv i ltac:(lia)) as [_ [_ L]]. rewrite L in A. assert (HL i <= i) by apply HL_le. apply key_inj in A; [|lia|lia].
  unfold HL in A. destruct (frames i) as [|k' rest] eqn:Ef; [discriminate|]. injection A as ->.
  destruct (popped _ _ _ Hk Ef R Hi _ Hin); [lia|]. apply frames_k in Ef. lia. Qed.

Theorem unwound : length (frames R) <= 1.
Proof. destruct (frames R) as [|k [|k' rest]] eqn:E; simpl; try lia. exfalso.
  assert (A : made k = bottom) by (apply left_over; rewrite E; simpl; auto).
  assert (B : made k' = bottom) by (apply left_over; rewrite E; simpl; auto).
  pose proof (frames_k _ _ _ E) as [_ [Lk Fk]]. pose proof (frames_k _ _ _ Fk) as [_ [Lk' _]].
  rewrite <- B in A. unfold made in A. injection A as A _ _ _. apply key_inj in A; lia. Qed.

(* the flag that is free at the start is 0 *)
Theorem start_empty : forall j, j < nq -> q 0 j = f0.
Proof. intros j Hj. destruct (Nat.lt_ge_cases nq 2) as [H1|H2]; [|apply start_q; assumption].
  assert (nq = 1) by lia. assert (j = 0) by lia. subst j.
  destruct (frames R) as [|k rest] eqn:E.
  - destruct (inv R (le_n R)) as [_ [IQ IL]]. assert (LR : link R = key 0) by (rewrite IL; unfold HL; rewrite E; reflexivity).
    assert (M0 : cM bottom = 0).
    { destruct (cM bottom) eqn:Ec; [reflexivity|]. destruct (cM_ex bottom ltac:(lia)) as [k [Lk [_ Mk]]].
      unfold made, bottom in Mk. injection Mk as A _ _ _. rewrite LR in A. apply key_inj in A; lia. }
    assert (T0 : cT bottom = 0).
    { destruct (cT bottom) eqn:Ec; [reflexivity|]. destruct (cT_ex bottom ltac:(lia)) as [i [Hi [Hk Ht]]].
      unfold taken, bottom in Ht. injection Ht as A _ _ _. destruct (inv i ltac:(lia)) as [_ [_ L]].
      rewrite L, LR in A. assert (HL i <= i) by apply HL_le. apply key_inj in A; [|lia|lia]. exfalso. apply (no_underflow i Hi Hk).
      unfold HL in A. destruct (frames i); [reflexivity|discriminate]. }
    destruct (multiset bottom) as [z Hz]. destruct (cell_dec bottom bottom) as [_|]; [|congruence].
    rewrite M0, T0 in Hz. assert (q R 0 = f0) by (apply toZ_zero with (- z)%Z; lia).
    rewrite IQ in H0 by lia. rewrite (HQ_nil _ E), no_e in H0. simpl in H0.
    destruct (Nat.ltb_spec 0 nq); [assumption|lia].
  - assert (A : made k = bottom) by (apply left_over; rewrite E; simpl; auto).
    unfold made, bottom in A. injection A as _ _ A _. pose proof (frames_k _ _ _ E) as [_ [Lk Fk]].
    assert (Hr : rest = []) by (pose proof unwound as U; rewrite E in U; simpl in U; destruct rest; [reflexivity|simpl in U; lia]).
    destruct (inv k ltac:(lia)) as [_ [KQ _]]. rewrite KQ in A by lia. rewrite Hr in Fk.
    rewrite (HQ_nil _ Fk), (e_k _ _ _ E), no_e in A. replace (0 + (nq - 1)) with 0 in A by lia. simpl in A.
    destruct (Nat.ltb_spec 0 nq); [assumption|lia]. Qed.

(* The theorem: every row is the honest machine's, each flag says how deep the stack is, nothing is taken from
   the empty stack, and at most one word is left. *)
Theorem sound :
  (forall i, i <= R -> (forall j, j < w -> win i j = HW i j)
     /\ (forall j, j < nq -> q i j = if j <? length (frames i) then f1 else f0))
  /\ (forall i, i < R -> kind i = Shrink -> length (frames i) > 0)
  /\ length (frames R) <= 1.
Proof. split; [|split; [|exact unwound]].
  - intros i Hi. destruct (inv i Hi) as [IW [IQ _]]. split; [assumption|]. intros j Hj. rewrite IQ by assumption.
    assert (H0 : forall x, HQ 0 x = f0).
    { intros x. simpl. destruct (Nat.ltb_spec x nq); [apply start_empty; assumption|reflexivity]. }
    assert (e i = 0) by (pose proof (e_mono i R Hi); rewrite no_e in *; lia).
    assert (G : forall i x, e i = 0 -> HQ i x = if x <? length (frames i) then f1 else f0); [|apply G; assumption].
    clear i Hi IW IQ j Hj H. induction i as [i IH] using (well_founded_induction lt_wf). intros x He.
    destruct (frames i) as [|k rest] eqn:Ef.
    + rewrite (HQ_nil _ Ef), He. simpl. apply H0.
    + destruct (HQ_k _ _ _ Ef) as [A B]. pose proof (frames_k _ _ _ Ef) as [_ [Lk Fk]].
      destruct x as [|x]; [assumption|]. rewrite B, (IH k Lk) by (rewrite (e_k _ _ _ Ef); assumption).
      rewrite Fk. reflexivity.
  - intros i Hi Hk. pose proof (no_underflow i Hi Hk). destruct (frames i); [congruence|simpl; lia]. Qed.
End Cells.
Print Assumptions sound.
