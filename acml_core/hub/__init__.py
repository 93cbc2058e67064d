"""Published models: finding them by name, fetching them from the Hub, and publishing one's own.

Nothing here runs code that came with a model: only the files of an artefact are fetched, and none
of them is a program or a pickle. ``huggingface_hub`` is imported when the Hub is first needed.
"""
