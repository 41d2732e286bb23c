"""What runs inside Triton's Python backend, one file a kind of model.

:mod:`recon.backend.build` copies what a model needs of this room, and of :mod:`recon.physics`, beside its
weights: a site's own Triton has no ``recon`` installed.
"""
