"""The Debian package, built, installed and used on a clean Debian that has no network: `./test --package`."""
