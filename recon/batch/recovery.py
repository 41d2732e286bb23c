"""Takes up what a killed run left."""

from __future__ import annotations

from recon.batch.items import Item, Produced
from recon.batch.ledger import BatchLedger, ModelChanged
from recon.batch.storage import Storage


def recover(ledger: BatchLedger, storage: Storage) -> int:
    """Adopt finished results whose commit was lost, free rows that say running, clear what was half written.

    Parameters
    ----------
    ledger, storage
        Of an output folder that no other run holds.

    Returns
    -------
    int
        How many results were adopted.
    """
    adopted = 0
    for item in ledger.uncommitted():
        made = storage.adopt(item)
        if made is not None and not _by_another_model(ledger, item, made):
            ledger.publish(item, made)
            adopted += 1
    ledger.reclaim()
    storage.clear_attempts()
    return adopted


def _by_another_model(ledger: BatchLedger, item: Item, made: Produced) -> bool:
    try:
        ledger.require_same_model(item, made.report)
    except ModelChanged:
        return True
    return False
