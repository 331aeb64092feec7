"""Where records come from: files, databases, REDCap projects, OMOP tables."""
