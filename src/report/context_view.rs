//! Who runs in a context: the words that it keeps, and the type that reports show.

use crate::context::view::ContextView;
use crate::context::wait::WhoWords;
use crate::report::{TaskInfo, TaskName};

impl TaskInfo {
    /// As words, for a context.
    pub(crate) fn words(self) -> WhoWords {
        let mut words = [0; 6];
        let (bytes, _) = self.task.0.as_chunks::<4>();
        words.iter_mut().zip(bytes).for_each(|(word, bytes)| *word = u32::from_le_bytes(*bytes));
        let [.., id, cpu] = &mut words;
        (*id, *cpu) = (self.id, self.cpu);
        words
    }

    /// The same, read back.
    pub(crate) fn of_words(words: WhoWords) -> TaskInfo {
        let [a, b, c, d, id, cpu] = words;
        let mut name = [0; TaskName::ROOM];
        let (places, _) = name.as_chunks_mut::<4>();
        places.iter_mut().zip([a, b, c, d]).for_each(|(place, word)| *place = word.to_le_bytes());
        TaskInfo { task: TaskName(name), id, cpu }
    }
}

impl ContextView {
    /// The task and the CPU, as last known: when it first acquired a lock, and whenever it waited for one.
    pub fn who(&self) -> TaskInfo {
        TaskInfo::of_words(self.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_as_words() {
        for name in ["", "idle", "sixteen bytes ok"] {
            let who = TaskInfo { task: TaskName::new(name), id: u32::MAX, cpu: 3 };
            assert_eq!(TaskInfo::of_words(who.words()), who);
        }
    }
}
