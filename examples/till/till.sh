#!/usr/bin/env bash
# A purchase as a cash register would make it, with curl alone, and what to do when no answer comes:
#   . lojal-demo/tour.env && export LOJAL TILL_KEY TILL OUTLET CASHIER CARD
#   examples/till/till.sh
set -euo pipefail
: "${LOJAL:?}" "${TILL_KEY:?}" "${CASHIER:?}" "${CARD:?}"

till() { curl -sS --max-time 8 "$LOJAL/pos/v1/$1" -H "Authorization: Bearer $TILL_KEY" -H "Content-Type: application/json" ${2+-d "$2"}; }
field() { grep -o "\"$1\":\"[^\"]*\"" | head -1 | cut -d '"' -f 4; }

# A real till keeps the id and the number with the receipt before it sends.
id=sh-$(date +%s%N)
seq=$(date +%s%6N)
sale='{"id":"'$id'","kind":"sale","receipt":"S-'$seq'","currency":"EUR","cashier":"'$CASHIER'","terminal_seq":'$seq',
  "presented":[{"kind":"scan","value":"'$CARD'","entry":"barcode"}],
  "lines":[{"no":1,"sku":"1001","name":"Espresso","group":"coffee","qty":"1","unit_price":220,"total":220,"vat":"21"}]}'

answer=
for pause in 0 1 2 4; do
  sleep "$pause"
  # The same text under the same id: it is booked once, however often it arrives.
  if answer=$(till transactions "$sale") && [ -n "$answer" ]; then break; fi
done

if [ -z "$answer" ]; then
  # Nobody answers. Take it back: if it was booked, it is undone; if it comes later, it is refused.
  till "transactions/$id/reverse" '{"id":"'$id'-r","reason":"timeout","terminal_seq":'$((seq + 1))'}' || echo "not known yet: ask again later" >&2
  exit 1
fi

case $answer in
  *'"status":"approved"'*) echo "sold, reference $(field rrn <<<"$answer")" ;;
  *) echo "refused: $(field code <<<"$answer")" >&2; exit 1 ;;
esac
till "operations/$id" | field status
