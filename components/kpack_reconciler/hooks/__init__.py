"""Push hooks over HTTPS: who may tell, how much, and to whom it is passed on. Decides nothing, reaches no client."""
