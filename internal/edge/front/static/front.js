// Keeps the feed of Today moving. The page is whole without it.
(function () {
  "use strict";
  var table = document.querySelector("[data-feed]");
  if (!table || !window.EventSource) return;
  var body = table.tBodies[0];
  var live = document.querySelector(".live");
  var empty = table.parentNode.querySelector(".empty");
  var longest = 40;

  function cell(row, text, kind) {
    var td = row.insertCell();
    td.textContent = text;
    if (kind) td.className = kind;
    return td;
  }

  function show(e) {
    var row = body.insertRow(0);
    row.className = "new";
    var time = document.createElement("time");
    time.dateTime = e.at;
    time.textContent = e.time;
    row.insertCell().appendChild(time);
    cell(row, e.what);
    cell(row, e.outlet, "wide");
    cell(row, e.amount, "n");
    cell(row, e.points, "n");
    cell(row, e.receipt, "n wide");
    empty.hidden = true;
    while (body.rows.length > longest) body.deleteRow(-1);
  }

  var source = new EventSource(table.dataset.feed);
  source.onopen = function () { live.hidden = false; };
  source.onerror = function () { live.hidden = true; };
  source.onmessage = function (m) { show(JSON.parse(m.data)); };
  window.addEventListener("pagehide", function () { source.close(); });

  // The figures above the feed are read anew now and then, unless somebody is using the page.
  setInterval(function () {
    if (!document.hidden && window.scrollY < 40) location.reload();
  }, 60000);
})();
