"""Inputs to runs to result folders: what the command and the batch share."""

from recon.jobs.perform import perform
from recon.tasks.job import Job, Loaded, Problem, Sink, Skipped
from recon.tasks.options import Options

__all__ = ["Job", "Loaded", "Options", "Problem", "Sink", "Skipped", "perform"]
