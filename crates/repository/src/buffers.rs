//! Memory for blocks that is used again: fresh memory costs more than to hash what is read into it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// Rooms that are free. There are never more than were in use at the same time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// The bytes of one block, in a room that goes back where it is from.
pub(crate) struct Bytes {
    room: Vec<u8>,
    len: usize,
    home: Option<Buffers>,
}

impl Buffers {
    /// Room for `len` bytes, which are what was there before.
    pub(crate) fn take(&self, len: usize) -> Bytes {
        let room = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut room = room.unwrap_or_default();
        if room.len() < len {
            room.resize(len, 0);
        }
        Bytes { room, len, home: Some(self.clone()) }
    }
}

impl Bytes {
    /// Room for `len` bytes, from where this one is from.
    pub(crate) fn another(&self, len: usize) -> Self {
        match &self.home {
            Some(home) => home.take(len),
            None => vec![0; len].into(),
        }
    }

    /// Keeps the first `len` bytes only.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        if self.home.is_none() {
            self.room.truncate(self.len);
            self.room.shrink_to_fit();
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(room: Vec<u8>) -> Self {
        Self { len: room.len(), room, home: None }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or_default()
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.room.get_mut(..self.len).unwrap_or_default()
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(Buffers(home)) = &self.home {
            let room = std::mem::take(&mut self.room);
            home.lock().unwrap_or_else(PoisonError::into_inner).push(room);
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Bytes({})", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_used_again_whatever_the_lengths_are() {
        let buffers = Buffers::default();
        let mut long = buffers.take(1000);
        long.fill(7);
        let place = long.as_ptr();
        drop(long);
        let mut short = buffers.take(10);
        short.truncate(5);
        assert_eq!((&*short, short.as_ptr()), (&[7; 5][..], place));
        let other = short.another(20);
        assert_eq!(&*other, [0; 20]);
        drop(short);
        drop(other);
        assert_eq!(buffers.0.lock().unwrap().len(), 2);
        assert_eq!(buffers.take(1000).len(), 1000);
        assert_eq!(buffers.0.lock().unwrap().len(), 2);
    }
}
