# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The style of the page: light and dark by the reader's setting, black on white on paper."""

from __future__ import annotations

STYLE = """
:root{--paper:#f6f7f9;--card:#fff;--ink:#1a1f27;--soft:#596273;--line:#dce0e7;--link:#1a56c4;--code:#eef1f5;
--lost:#b3261e;--lost-back:#fdeceb;--felt:#8a5300;--felt-back:#fff4e0;--good:#1b6e3c;--good-back:#e7f5ec;--dim:#4d5667;--dim-back:#eceff4;
--focus:#1a56c4;--shadow:0 1px 2px rgba(20,28,45,.06),0 6px 18px rgba(20,28,45,.05)}
@media (prefers-color-scheme:dark){:root{--paper:#12151b;--card:#1b2029;--ink:#e8ebf1;--soft:#a3adbd;--line:#323a47;--link:#8ab4ff;--code:#252c37;
--lost:#ff8a80;--lost-back:#3b1c1b;--felt:#ffc069;--felt-back:#37280f;--good:#7fd8a0;--good-back:#143020;--dim:#b4bdcb;--dim-back:#2a313d;
--focus:#8ab4ff;--shadow:none}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-100vw;top:0;background:var(--card);padding:.6rem 1rem;z-index:2}
.skip:focus{left:1rem;top:1rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.inner,main,footer{max-width:72rem;margin:0 auto;padding:0 1.25rem}
header{border-bottom:1px solid var(--line);background:var(--card);border-top:6px solid var(--dim)}
header.lost{border-top-color:var(--lost)}header.felt{border-top-color:var(--felt)}header.survives{border-top-color:var(--good)}
header .inner{padding-top:1.1rem;padding-bottom:1.1rem}
.eyebrow{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.06em;text-transform:uppercase}
h1{display:flex;gap:.7rem;align-items:flex-start;margin:.25rem 0 .4rem;font-size:clamp(1.4rem,3.4vw,2.1rem);line-height:1.2;text-wrap:balance}
h1 .shape{width:1.15em;height:1.15em;margin-top:.02em}
h2{margin:0 0 .7rem;font-size:1.25rem;line-height:1.3}
h3{margin:1.1rem 0 .2rem;font-size:1.02rem}
.facts{margin:0;color:var(--soft)}
.counts{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:.8rem}
.count{padding:.2rem .75rem;border-radius:999px;text-decoration:none;background:var(--dim-back);color:var(--dim)}
.count:hover{text-decoration:underline}
.count.critical{background:var(--lost-back);color:var(--lost)}.count.warning{background:var(--felt-back);color:var(--felt)}
section{margin:1.5rem 0 0;padding:1.1rem 1.25rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:var(--shadow)}
section:empty{display:none}
footer{padding-top:1rem;padding-bottom:2.5rem;color:var(--soft);font-size:.9rem}
.shape{flex:none;width:1.15rem;height:1.15rem;vertical-align:-.2em}
.shape circle{fill:currentColor}.shape path{fill:none;stroke:var(--card);stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}
.shape.lost{color:var(--lost)}.shape.felt{color:var(--felt)}.shape.survives{color:var(--good)}.shape.unknown{color:var(--dim)}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.96rem}
th,td{padding:.55rem .8rem .55rem 0;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{border-top:0;padding-top:0;color:var(--soft);font-weight:500;font-size:.85rem}
.parts th[scope=row]{width:13rem;font-weight:600}.parts td:nth-child(2){width:9rem}
.part-name{display:block}.parts small{color:var(--soft);font-weight:400}
.badge{display:inline-flex;gap:.4rem;align-items:center;padding:.15rem .7rem .15rem .35rem;border-radius:999px;font-weight:600;white-space:nowrap}
.badge.lost{background:var(--lost-back);color:var(--lost)}.badge.felt{background:var(--felt-back);color:var(--felt)}
.badge.survives{background:var(--good-back);color:var(--good)}.badge.unknown{background:var(--dim-back);color:var(--dim)}
.reasons{margin:0;padding:0;list-style:none}.reasons li+li{margin-top:.2rem}
.reasons a{color:inherit;text-decoration-color:var(--line);text-decoration-thickness:2px}.reasons a:hover{color:var(--link)}
.reasons summary{padding:.2rem 0;color:var(--soft)}
.good{margin:0;color:var(--good);font-weight:600}
.steps{margin:0;padding:0;list-style:none;counter-reset:step}
.steps li{position:relative;padding:0 0 0 3rem;counter-increment:step}
.steps li+li{margin-top:.9rem}
.steps li::before{content:counter(step);position:absolute;left:0;top:.05rem;width:2rem;height:2rem;border-radius:50%;display:grid;place-items:center;
font-weight:700;background:var(--dim-back);color:var(--dim)}
.steps .critical::before{background:var(--lost-back);color:var(--lost)}.steps .warning::before{background:var(--felt-back);color:var(--felt)}
.steps a{font-weight:600}.steps p{margin:.1rem 0 0}
.objects{color:var(--soft);margin-left:.6rem;font-size:.92rem}
.drawing{display:block;width:100%;height:auto;margin:0 auto;font-family:inherit}
.drawing text{fill:var(--ink)}.drawing .row{fill:var(--soft);font-size:13px}
.drawing .name{font-size:15px;font-weight:650}.drawing .detail{font-size:12.5px;fill:var(--soft)}.drawing .mark{font-size:12.5px;font-weight:600}
.box{fill:var(--card);stroke:var(--line);stroke-width:1.5}.behind{opacity:.7}.edge{fill:var(--line)}
.part.lost .box{stroke:var(--lost);stroke-width:2.5}.part.lost .edge{fill:var(--lost)}.part.lost .mark{fill:var(--lost)}
.part.felt .box{stroke:var(--felt)}.part.felt .edge{fill:var(--felt)}.part.felt .mark{fill:var(--felt)}
.part.survives .edge{fill:var(--good)}.part.survives .mark{fill:var(--good)}
.part.unknown .box{stroke-dasharray:5 4;stroke:var(--dim)}.part.unknown .mark{fill:var(--dim)}
.line{fill:none;stroke:var(--soft);stroke-width:1.6}.line.faint{opacity:.55}.line.past{stroke:var(--lost);stroke-width:2;stroke-dasharray:6 4}
.head.shared{fill:var(--soft)}.head.past{fill:var(--lost)}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.9rem 0 0;padding:0;list-style:none;color:var(--soft);font-size:.88rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.key{display:inline-block;width:1.8rem;border-top:2px solid var(--soft)}.key.past{border-top:2px dashed var(--lost)}
.meaning{margin:0 0 .5rem;color:var(--soft);font-size:.92rem}
.severity+.severity{margin-top:1.5rem}
.kind{margin:.6rem 0 0;border:1px solid var(--line);border-left:4px solid var(--dim);border-radius:8px;padding:0 .9rem}
.kind.critical{border-left-color:var(--lost)}.kind.warning{border-left-color:var(--felt)}
.kind[open]{padding-bottom:.8rem}
:target{scroll-margin-top:1rem;outline:2px solid var(--focus);outline-offset:2px}
section:target{outline:0}
summary{cursor:pointer;padding:.6rem 0}
.kind>summary::after{content:"";display:block;clear:both}
.kind>summary .title{font-weight:600}.kind>summary code{float:right;color:var(--soft);background:none;font-size:.82rem;padding:.15rem 0}
.why{margin:0 0 .5rem;color:var(--soft);max-width:46rem}
.items{margin:0;padding:0;list-style:none}
.items>li{padding:.6rem 0 0;margin-top:.6rem;border-top:1px solid var(--line)}
.summary,.remedy{margin:0}
.summary strong{margin-right:.25rem}
.remedy{margin-top:.35rem;padding-left:.8rem;border-left:3px solid var(--good)}
.remedy b{color:var(--good);margin-right:.25rem}
.evidence{margin:.3rem 0 0;padding:0;list-style:none}
code{font:.86em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;background:var(--code);padding:.1rem .35rem;border-radius:5px;
white-space:pre-wrap}
.evidence li{margin-top:.2rem}
.more{margin:.7rem 0 0;font-size:.88rem}
.plan table{min-width:44rem;font-size:.88rem}
.problems li+li{margin-top:.35rem}
.checked>summary{padding:0}
.checked .subject{break-inside:avoid}.checked ul{margin:.2rem 0 0;padding-left:1.2rem;columns:2 24rem;font-size:.92rem}
.checked .clear{color:var(--soft)}.checked .found{font-weight:600}
@media (max-width:42rem){section{padding:1rem}.parts thead{display:none}
.parts tr{display:block;border-top:1px solid var(--line);padding:.6rem 0}.parts th,.parts td{display:block;border:0;padding:.1rem 0;width:auto!important}
.objects{display:block;margin-left:0}.kind>summary code{float:none;display:block}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#333;--line:#bbb;--link:#000;--code:#f2f2f2;--lost:#a00;--lost-back:#fff;--felt:#7a4a00;
--felt-back:#fff;--good:#0a5a2c;--good-back:#fff;--dim:#333;--dim-back:#fff;--shadow:none;color-scheme:light}
@page{margin:14mm}
html{font-size:10pt}.skip,.counts{display:none}
.inner,main,footer{max-width:none;padding:0}
section{border:0;padding:0;margin-top:1.2rem;box-shadow:none;border-radius:0}
.badge,.count{border:1px solid currentColor}
h2,h3,summary{break-after:avoid}.items>li,tr,.steps li,.figure{break-inside:avoid}
.wide{overflow:visible}.drawing{min-width:0;max-height:15cm}.plan table{min-width:0;font-size:8.5pt}
details::details-content{content-visibility:visible;block-size:auto}
.checked{display:none}#checked{display:none}
a{text-decoration:none}}
"""

__all__ = ("STYLE",)
