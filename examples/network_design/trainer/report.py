"""What is said while it goes on, and the report."""

import base64
import html
import io
import time

import numpy as np
from PIL import Image

STYLE = """body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}
td,th{padding:.2em .8em;border-bottom:1px solid #ccc;text-align:right}th:first-child,td:first-child{text-align:left}
figure{display:inline-block;margin:.3em;font-size:12px;text-align:center}img.pixels{width:128px;image-rendering:auto}
svg{max-width:100%;height:auto}"""


def say(line):
    print(time.strftime("%H:%M:%S"), line, flush=True)


def table(head, rows):
    cells = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{html.escape(str(cell))}</th>' for cell in head)}</tr>{cells}</table>"


def chart(points, names, chosen):
    """Multiply-accumulates against SRAM of what was tried."""
    width, height, left, bottom = 640, 320, 60, 40
    most_x, most_y = max(x for x, _ in points) * 1.1, max(y for _, y in points) * 1.1
    parts = [f'<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" font-size="12" font-family="sans-serif">'
             f'<path d="M{left} 10V{height - bottom}H{width - 10}" fill="none" stroke="#888"/>'
             f'<text x="{width - 10}" y="{height - 8}" text-anchor="end">SRAM, KB (up to {most_x:.0f})</text>'
             f'<text x="{left}" y="10">M MACs (up to {most_y:.1f})</text>']
    for place, ((x, y), name) in enumerate(zip(points, names)):
        at = left + x / most_x * (width - left - 10), (height - bottom) - y / most_y * (height - bottom - 20)
        parts.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{6 if place == chosen else 4}" '
                     f'fill="{"#c30" if place == chosen else "#36c"}"><title>{html.escape(name)}</title></circle>'
                     f'<text x="{at[0] + 8:.1f}" y="{at[1] + 4:.1f}">{html.escape(name)}</text>')
    return "".join(parts) + "</svg>"


def picture(pixels, caption):
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, "JPEG", quality=85)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<figure><img class="pixels" src="data:image/jpeg;base64,{data}"><br>{html.escape(caption)}</figure>'


def write(path, result, training, found):
    needs, classes, test = result["needs"], result["classes"], result["test"]
    points = [(one["needs"]["sram_bytes"] / 1024, one["needs"]["macs"] / 1e6) for one in found]
    names = [f"{one['candidate']['resolution']} px" for one in found]
    chosen = [one["candidate"] for one in found].index(result["candidate"])
    pictures = training.task.pictures
    places = {name: place for place, name in enumerate(pictures.names)}
    wrong = "".join(picture(pictures.pixels(places[name]), f"{name}") for name in test["wrong"][:24])
    memory = (path.parent / "memory.svg").read_text()
    confusion = [[name, *row] for name, row in zip(classes, test["confusion"])]
    body = f"""<h1>A network for {html.escape(' and '.join(classes))}</h1>
<p>{test['int8']:.1%} of {test['pictures']} test pictures are said right by the int8 file ({test['float']:.1%} in float);
on {result['kept']['pictures']} pictures kept apart from training {result['kept']['int8']:.1%} and {result['kept']['float']:.1%}.</p>
{table(('', 'needed', 'budget'), [
    ('SRAM, bytes', needs['sram_bytes'], result['budget']['sram']),
    ('flash of weights and tables, bytes', needs['flash_bytes'], result['budget']['flash']),
    ('multiply-accumulates', needs['macs'], result['budget']['macs']),
    ('computed again', needs['recomputed_macs'], ''),
    ('layer after layer it would need, bytes', needs['per_layer_bytes'], '')])}
<p>Schedule: {html.escape(needs['policy'])}, {html.escape(needs['schedule'])}. Trained with {result['training']['pictures']} pictures in
{result['training']['minutes']} minutes.</p>
<h2>What was tried</h2>{chart(points, names, chosen)}
{table(('round', 'pixels', 'M MACs', 'SRAM, bytes', 'right on pictures kept apart', 'minutes'), [
    (entry['round'] + 1, entry['candidate']['resolution'], f"{entry['macs'] / 1e6:.2f}", entry['sram_bytes'],
     f"{entry['score']:.1%}", entry['minutes']) for entry in result['search']])}
<h2>Memory over time</h2>{memory[memory.index('<svg'):]}
<h2>Said of each class</h2>{table(('is, said', *classes), confusion)}
<h2>Said wrongly</h2>{wrong or '<p>Nothing.</p>'}"""
    path.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Network</title><style>{STYLE}</style>{body}</html>\n')
