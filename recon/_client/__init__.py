"""Behind :mod:`recon.client`: one stream per task, resumed when it is interrupted."""
