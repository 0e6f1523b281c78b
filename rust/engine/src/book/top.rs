//! What the best so many levels of a side hold together, kept as levels come and go.

/// A sum over the best `want` levels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Top {
    pub(super) want: u32,
    /// How many there are, never more than wanted.
    have: u32,
    /// The worst rank of them; every rank, as long as there are fewer than wanted.
    edge: i64,
    sum: i64,
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
    /// The next better rank that holds something, if it is near.
    fn better(&self, rank: i64) -> Option<i64>;
    /// The next worse rank that holds something, if it is near.
    fn worse(&self, rank: i64) -> Option<i64>;
}

impl Top {
    pub(super) const fn new(want: u32) -> Self {
        Self { want, have: 0, edge: i64::MIN, sum: 0 }
    }

    /// Changes of worse ranks than this are not of it.
    pub(super) const fn edge(&self) -> i64 {
        self.edge
    }

    pub(super) const fn sum(&self) -> i64 {
        self.sum
    }

    /// Add up anew; `None` where the sum does not fit.
    pub(super) fn count(want: u32, mut levels: impl Iterator<Item = (i64, i64)>) -> Option<Self> {
        let mut top = Self::new(want);
        while top.have < want
            && let Some((rank, qty)) = levels.next()
        {
            top.sum = top.sum.checked_add(qty)?;
            top.have += 1;
            if top.have == want {
                top.edge = rank;
            }
        }
        Some(top)
    }

    /// Follow one change that is already made in `levels`; `None` where it has to be counted anew.
    #[inline]
    pub(super) fn follow(mut self, change: Change, levels: &impl Neighbours) -> Option<Self> {
        let Change { rank, before, after } = change;
        if rank < self.edge {
            return Some(self);
        }
        self.sum = self.sum.checked_add(after.checked_sub(before)?)?;
        if (before == 0) == (after == 0) {
            return Some(self);
        }
        if self.have < self.want {
            return None;
        }
        if after != 0 {
            // One more than wanted: the worst is out.
            self.sum = self.sum.checked_sub(levels.held(self.edge))?;
            self.edge = levels.better(self.edge)?;
        } else {
            self.edge = levels.worse(self.edge)?;
            self.sum = self.sum.checked_add(levels.held(self.edge))?;
        }
        Some(self)
    }
}
