"""A page shows a LiveView; a LiveView is computed from the newest Snapshot; a Snapshot comes from a Source.

Facts flow one way and only ``ui`` knows Streamlit:

    experiments, settings, wording     the nouns, the configuration, the words
    stats                              numbers in, numbers out
    sources, demo, history,            where facts come from, where they are kept,
    commentary, alerts, charts         how they are told, announced and drawn
    live                               the hub: one poller for all viewers
    copilot                            questions to tools to checked sentences
    ui                                 the only importer of Streamlit
"""
