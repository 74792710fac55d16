# syntax=docker/dockerfile:1
# PIP_ARGS goes to every pip that installs torch and chooses its build: by default the one the index
# offers first (CUDA, where there is one); an extra index with CPU builds makes the image 4 GB smaller:
#   docker build --build-arg PIP_ARGS="--extra-index-url <index of CPU builds>" -t lamina .
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS wheel
WORKDIR /src
COPY . .
# The build hook brings a Node of its own for the pages.
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist .

FROM python:${PYTHON}-slim AS packages
ARG PIP_ARGS=""
RUN python -m venv /opt/lamina
ENV PATH=/opt/lamina/bin:$PATH
COPY constraints.txt /tmp/
RUN pip install --no-cache-dir ${PIP_ARGS} "$(grep '^torch==' /tmp/constraints.txt)"
COPY --from=wheel /dist /dist
RUN pip install --no-cache-dir ${PIP_ARGS} -c /tmp/constraints.txt "$(echo /dist/*.whl)[studio,postgres]"

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/lamina lamina
COPY --from=packages /opt/lamina /opt/lamina
ENV PATH=/opt/lamina/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LAMINA_HOME=/var/lib/lamina
USER lamina
WORKDIR /var/lib/lamina
VOLUME /var/lib/lamina
EXPOSE 8420
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8420/healthz', timeout=2)"]
# Answers on every address of the container, so the studio refuses to start until LAMINA_TOKEN and
# LAMINA_ALLOWED_HOSTS are given.
CMD ["lamina", "studio", "--host", "0.0.0.0", "--port", "8420", "--no-browser"]
