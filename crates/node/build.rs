//! Links the addon, and refuses to build it without the fast `ChaCha20`.

use std::env;

fn main() -> Result<(), String> {
    let target = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if target == "x86_64" && env::var_os("CARGO_CFG_CHACHA20_AVX512").is_none() {
        return Err("`--cfg chacha20_avx512` of .cargo/config.toml is lost, and with it half of the speed: \
             RUSTFLAGS in the environment, even an empty one, replaces it. Unset RUSTFLAGS, or put the flag \
             into it"
            .to_owned());
    }
    napi_build::setup();
    Ok(())
}
