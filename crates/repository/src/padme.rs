//! Padding that leaves few lengths to tell apart (`docs/format.md`, conventions).

/// `len` rounded up so that only its leading bits are significant.
#[must_use]
pub fn padme(len: u64) -> u64 {
    let Some(exponent) = len.checked_ilog2().filter(|exponent| *exponent > 0) else { return len };
    let kept = exponent.ilog2().saturating_add(1);
    let step = 1_u64 << exponent.saturating_sub(kept);
    len.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_up_to_a_few() {
        for (len, padded) in [(0, 0), (1, 1), (9, 10), (4096, 4096), (4097, 4352), (65_537, 67_584)]
        {
            assert_eq!(padme(len), padded, "{len}");
        }
    }
}
