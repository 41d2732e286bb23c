"""Inputs to runs to result folders: what the command and the batch share."""

from recon.jobs.job import Job, Loaded, Options, Problem, Sink, Skipped
from recon.jobs.perform import perform

__all__ = ["Job", "Loaded", "Options", "Problem", "Sink", "Skipped", "perform"]
