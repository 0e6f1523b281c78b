//! What the best so many levels of a side hold together, kept as levels come and go.

/// A sum over the best `want` levels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Top {
    want: u32,
    /// How many there are, never more than wanted.
    have: u32,
    /// The worst rank of them; every rank, as long as there are fewer than wanted.
    edge: i64,
    /// So many sizes of 63 bits always fit.
    sum: i128,
}

/// A rank that held `before` holds `after` now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) rank: i64,
    pub(super) before: i64,
    pub(super) after: i64,
}

/// The levels around an edge, and what they hold.
pub(super) trait Neighbours {
    /// What a rank holds.
    fn held(&self, rank: i64) -> i64;
    /// The next better rank that holds something.
    fn better(&self, rank: i64) -> Option<i64>;
    /// The next worse rank that holds something.
    fn worse(&self, rank: i64) -> Option<i64>;
    /// The worst rank of all that holds something.
    fn worst(&self) -> Option<i64>;
}

impl Top {
    /// How many levels it sums.
    pub(super) const fn want(&self) -> u32 {
        self.want
    }

    /// Changes of worse ranks than this are not of it.
    pub(super) const fn edge(&self) -> i64 {
        self.edge
    }

    /// `None` where it does not fit.
    pub(super) fn sum(&self) -> Option<i64> {
        i64::try_from(self.sum).ok()
    }

    /// Add up anew, the best level first.
    pub(super) fn count(want: u32, mut levels: impl Iterator<Item = (i64, i64)>) -> Self {
        let mut top = Self { want, have: 0, edge: i64::MIN, sum: 0 };
        while top.have < want
            && let Some((rank, qty)) = levels.next()
        {
            top.sum = top.sum.wrapping_add(i128::from(qty));
            top.have += 1;
            if top.have == want {
                top.edge = rank;
            }
        }
        top
    }

    /// Follow one change that is already made in `levels`.
    #[inline]
    pub(super) fn follow(&mut self, change: Change, levels: &impl Neighbours) {
        let Change { rank, before, after } = change;
        if rank < self.edge || self.want == 0 {
            return;
        }
        self.add(after, before);
        if (before == 0) == (after == 0) {
            return;
        }
        if after != 0 {
            self.come(levels);
        } else {
            self.go(levels);
        }
    }

    fn add(&mut self, more: i64, less: i64) {
        self.sum = self.sum.wrapping_add(i128::from(more)).wrapping_sub(i128::from(less));
    }

    /// One more level counts.
    #[inline]
    fn come(&mut self, levels: &impl Neighbours) {
        if self.have < self.want {
            self.have += 1;
            if self.have == self.want {
                self.edge = levels.worst().unwrap_or(i64::MIN);
            }
            return;
        }
        // One more than wanted: the worst is out.
        self.add(0, levels.held(self.edge));
        self.edge = levels.better(self.edge).unwrap_or(i64::MIN);
    }

    /// One level less counts.
    #[inline]
    fn go(&mut self, levels: &impl Neighbours) {
        if self.have == self.want
            && let Some(next) = levels.worse(self.edge)
        {
            self.edge = next;
            self.add(levels.held(next), 0);
            return;
        }
        self.have = self.have.saturating_sub(1);
        self.edge = i64::MIN;
    }
}
