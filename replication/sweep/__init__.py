"""Many runs, in this process or on Dask workers."""
