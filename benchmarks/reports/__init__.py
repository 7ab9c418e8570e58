"""Tables and figures that compare methods: only the benchmarks need them."""
