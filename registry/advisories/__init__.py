"""Known vulnerabilities: imported OSV records, matched against versions."""
