"""AUTOMAP and dAUTOMAP: training images, initial weights, training, calibration, evaluation."""
