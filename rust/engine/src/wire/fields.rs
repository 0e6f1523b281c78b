//! The values of the keys that a message is known by, wherever they stand in it.

use super::cursor::Cursor;
use super::fault::WireError;

/// A place at which a value begins, or nothing where the key is missing.
pub(super) type Field<'a> = Option<Cursor<'a>>;

/// Read an object whole: where the value of each wanted key begins. A wanted key that comes twice
/// is malformed; the others are skipped.
pub(super) fn fields<'a, const N: usize>(
    cursor: &mut Cursor<'a>,
    wanted: [&[u8]; N],
) -> Result<[Field<'a>; N], WireError> {
    let mut found = [const { None }; N];
    let mut object = cursor.open_object()?;
    while let Some(key) = cursor.next_key(&mut object)? {
        for (name, field) in wanted.iter().zip(&mut found) {
            if key.is(name) && field.replace(cursor.clone()).is_some() {
                return cursor.fail("a key only once");
            }
        }
        cursor.skip()?;
    }
    Ok(found)
}

/// The value of a key that must be there; `behind` is where its object ends.
pub(super) fn required<'a>(
    field: Field<'a>,
    behind: &Cursor<'_>,
    expected: &'static str,
) -> Result<Cursor<'a>, WireError> {
    field.map_or_else(|| behind.fail(expected), Ok)
}
