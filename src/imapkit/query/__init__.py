"""The query engine: search keys, their evaluation, sort and thread orders."""
