//! The paper venue's own record, a line of text for each act, in a file beside the journal.
//!
//! It is written as the venue acts, by nobody who reads the journal, and so is a witness: after a
//! crash what the venue does again must be what stands here, and an order that stands here and not
//! in the journal was sent.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bot4_engine::venue::Act;
use serde::{Deserialize, Serialize};

use crate::error::DeskError;

/// The file's name in its folder.
pub(crate) const FILE_NAME: &str = "venue.jsonl";

#[derive(Serialize, Deserialize)]
struct Line {
    event: u64,
    act: Act,
}

/// The record, open at its end.
#[derive(Debug)]
pub(crate) struct VenueRecord {
    file: File,
    path: PathBuf,
    /// What stands in it and has not been done again yet.
    ahead: VecDeque<(u64, Act)>,
    line: Vec<u8>,
}

impl VenueRecord {
    /// Open or begin the record in `folder`. A last line that was torn is taken away.
    pub(crate) fn open(folder: &Path) -> Result<Self, DeskError> {
        let path = folder.join(FILE_NAME);
        let told = |reason: String| failed(&path, &reason);
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(|error| told(format!("cannot be opened: {error}")))?;
        let mut ahead = VecDeque::new();
        let mut reader = BufReader::new(&file);
        let (mut text, mut sound) = (Vec::new(), 0_u64);
        loop {
            text.clear();
            let read = reader.read_until(b'\n', &mut text);
            let read = read.map_err(|error| told(format!("cannot be read: {error}")))?;
            if read == 0 || text.last() != Some(&b'\n') {
                break;
            }
            let line: Line = serde_json::from_slice(&text).map_err(|error| {
                told(format!("is damaged at byte {sound} ({error}): move the folder away"))
            })?;
            let before: Option<&(u64, Act)> = ahead.back();
            if before.is_some_and(|(_, act)| act.number + 1 != line.act.number) {
                return Err(told(format!(
                    "is damaged at byte {sound} (acts are missing or doubled): move the folder away"
                )));
            }
            ahead.push_back((line.event, line.act));
            sound += read as u64;
        }
        let cut = file.set_len(sound).and_then(|()| file.seek(SeekFrom::Start(sound)));
        cut.map_err(|error| told(format!("cannot be written: {error}")))?;
        Ok(Self { file, path, ahead, line: Vec::new() })
    }

    /// What stands in it and has not been done again yet, with its market event.
    pub(crate) fn ahead(&self) -> Vec<(u64, Act)> {
        self.ahead.iter().copied().collect()
    }

    /// The venue acted: what stands here already must be the same, what is new is written.
    pub(crate) fn on_acts(&mut self, event: u64, acts: &[Act]) -> Result<(), DeskError> {
        self.line.clear();
        for act in acts {
            // What a snapshot holds is not done again.
            while self.ahead.front().is_some_and(|(_, kept)| kept.number < act.number) {
                self.ahead.pop_front();
            }
            match self.ahead.pop_front() {
                Some(kept) if kept == (event, *act) => {}
                Some((at, kept)) => {
                    let reason = format!(
                        "has other words for act {} (event {at}: {kept:?}, now event {event}: \
                         {act:?}): the market or the journal is another one",
                        act.number
                    );
                    return Err(failed(&self.path, &reason));
                }
                None => {
                    let line = Line { event, act: *act };
                    serde_json::to_writer(&mut self.line, &line)
                        .map_err(|error| failed(&self.path, &format!("has no word: {error}")))?;
                    self.line.push(b'\n');
                }
            }
        }
        if self.line.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(&self.line);
        written.map_err(|error| failed(&self.path, &format!("cannot be written: {error}")))
    }
}

fn failed(path: &Path, reason: &str) -> DeskError {
    DeskError::VenueRecord { path: path.display().to_string(), reason: reason.to_owned() }
}
