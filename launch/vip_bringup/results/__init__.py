"""The results page: JSON files of figures in, tables and plots out."""
