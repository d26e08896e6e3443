"""Packages, exact pins and the console script of the replication.

The pins are the stack that installs together on Python 3.11. `pip check` names one package, left
out on purpose ([tool.uv] in pyproject.toml). `requirements.lock`, made from this file by
`make lock`, adds everything below the pins with hashes.
"""

import sys

NEEDS_PYTHON = (
    "Please install Python 3.11 (with its venv module): iNNvestigate and TensorFlow 2.14 "
    "do not run on a later Python, pandas 3 does not run on an earlier one."
)
if sys.version_info[:2] != (3, 11):
    sys.exit(NEEDS_PYTHON)

from setuptools import (  # after the sentence: another Python may lack setuptools
    find_packages,
    setup,
)

setup(
    name="privacy-explanations",
    version="0.1.0",
    description=(
        "Replication of 'Towards Privacy-preserving Explanations in Medical Image Analysis' "
        "(Montenegro, Silva and Cardoso, 2021)"
    ),
    license="MIT",
    python_requires=">=3.11,<3.12",
    py_modules=["cli"],
    packages=find_packages(include=["replication*", "keras_models", "validation*"]),
    package_data={
        "replication.cases": ["templates/*"],
        "replication.report": ["templates/*"],
        "validation.paper": ["*.csv"],
    },
    entry_points={"console_scripts": ["privacy-explanations = cli:main"]},
    install_requires=[
        "click==8.5.1",
        "filelock==4.2.12",
        "great-expectations==1.24.1",
        "h5py==3.16.0",
        "innvestigate==2.1.2",
        "jinja2==3.1.6",
        "junitparser==5.0.3",
        "keras==2.14.0",
        "matplotlib==3.11.2",
        "numpy==1.26.4",
        "opencv-python-headless==4.11.0.86",
        "pandas==3.0.6",
        "pillow==13.0.0",
        "rich==15.0.0",
        "scikit-image==0.26.0",
        "scikit-learn==1.9.1",
        "scipy==1.17.1",
        "tensorflow==2.14.1",
        "tensorflow-addons==0.23.0",
    ],
    extras_require={
        # tensorflow[and-cuda]==2.14.1 without its tensorrt, which has no file for Python 3.11.
        "cuda": [
            "nvidia-cublas-cu11==11.11.3.6",
            "nvidia-cuda-cupti-cu11==11.8.87",
            "nvidia-cuda-nvcc-cu11==11.8.89",
            "nvidia-cuda-runtime-cu11==11.8.89",
            "nvidia-cudnn-cu11==8.7.0.84",
            "nvidia-cufft-cu11==10.9.0.58",
            "nvidia-curand-cu11==10.3.0.86",
            "nvidia-cusolver-cu11==11.4.1.48",
            "nvidia-cusparse-cu11==11.7.5.86",
            "nvidia-nccl-cu11==2.16.5",
        ],
        # Runs on several machines: seeds, methods and data sets over Dask.
        "cluster": ["distributed==2026.8.0"],
        # Facts for others' tools: export --ro-crate, and what reads a surrogate's croissant.json.
        "facts": ["mlcroissant==1.1.1", "rocrate==0.16.0"],
        # Images from a hospital's archive, and privatized ones for it.
        "dicom": ["pydicom==3.0.2"],
        "dev": [
            "bandit==1.9.4",
            "dicom-validator==0.9.0",
            "distributed==2026.8.0",
            "highdicom==0.28.2",
            "hypothesis==6.170.15",
            "ipykernel==7.4.0",
            "mkdocs-material==9.8.2",
            "mkdocstrings-python==2.0.11",
            "mlcroissant==1.1.1",
            "nbclient==0.11.0",
            "pip-audit==2.10.1",
            "pre-commit==4.7.0",
            "psutil==7.2.2",
            "pydicom==3.0.2",
            "pytest==9.2.0",
            "pytest-socket==0.8.1",
            "pytest-xdist==3.8.0",
            "quantus==0.6.0",
            "rocrate==0.16.0",
            "ruff==0.17.6",
            "selenium==4.51.0",
            "setuptools==84.2.1",
            "threadpoolctl==3.8.0",
            "uv==0.13.9",
        ],
    },
)
