//! A queue of tasks, by number: first in, first out, each at most once.
//!
//! Teaches: that a run queue and a wait queue are the same thing. It has room for all tasks, so it is never full.

use crate::task::TASKS;

/// Task numbers, in the order in which they came.
pub(crate) struct Queue {
    tasks: [u8; TASKS],
    first: usize,
    len: usize,
}

impl Queue {
    pub(crate) const fn new() -> Queue {
        Queue { tasks: [0; TASKS], first: 0, len: 0 }
    }

    pub(crate) fn push(&mut self, task: usize) {
        assert!(self.len < TASKS && !self.has(task), "task {task} is queued twice");
        self.tasks[(self.first + self.len) % TASKS] = task as u8;
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<usize> {
        let task = *self.tasks.get(self.first).filter(|_| self.len > 0)?;
        self.first = (self.first + 1) % TASKS;
        self.len -= 1;
        Some(task.into())
    }

    /// Takes a task out, wherever it is.
    pub(crate) fn remove(&mut self, task: usize) {
        for _ in 0..self.len {
            match self.pop() {
                Some(other) if other != task => self.push(other),
                _ => {}
            }
        }
    }

    pub(crate) fn has(&self, task: usize) -> bool {
        (0..self.len).any(|at| usize::from(self.tasks[(self.first + at) % TASKS]) == task)
    }
}
