# Writes the demo's data set: orders.csv and customers.csv, the same bytes on every machine and with every awk.
#
#   LC_ALL=C awk -v rows=100000 -v folder=. -f orders.awk
#
# rows       orders to write (100000); memory stays the same however many
# customers  customers to write (2000)
# folder     where to (.)
#
# The data is unpleasant on purpose: fields with commas, quotes and newlines in quotes; NULL as an empty field and as
# \N; decimals that no double can hold; microseconds; names in eight scripts.

BEGIN {
  if (rows == "") rows = 100000
  if (customers == "") customers = 2000
  if (folder == "") folder = "."
  seed = 20260101
  fill_words()
  write_customers(folder "/customers.csv")
  write_orders(folder "/orders.csv")
}

# A number from 0 to bound - 1. Own arithmetic: awks differ in rand(), and all are exact up to 2^53.
function random(bound) {
  seed = (seed * 16807) % 2147483647
  return seed % bound
}

function fill_words() {
  given = split("Ada Grace Łukasz Zoë José Søren Nguyễn Ольга Дмитрий Ελένη Νίκος 小明 美咲 민준 अदिति أمينة נועה Ṣadé Þór", \
    givens, " ")
  family = split("Lovelace Hopper O'Neil Müller García Ångström Trần Иванова Петров Παπαδάκη Γεωργίου 王 佐藤 김 शर्मा " \
    "الحسن כהן Okonjo Jónsdóttir", families, " ")
  countries = split("AT BR CH CN DE ES FR GB GR IN JP KR NG PL SE US", country, " ")
  segments = split("household business public", segment, " ")
  states = split("delivered delivered delivered delivered shipped shipped paid cancelled", state, " ")
  split("31 28 31 30 31 30 31 31 30 31 30 31", month_days, " ")
  products = split( \
    "\"Kettle, 1.7 l\"|Teapot|\"Mug \"\"Grüße\"\"\"|Bücherregal|\"Monitor 27\"\"\"|café crème|抹茶茶碗|\"Plaid, wool\"|" \
    "Матрёшка|Desk lamp|\"Cable, USB-C, 2 m\"|Κομπολόι|Poncho|Ladder 🪜|Notebook", product, "|")
  notes = split( \
    "|||\\N||Leave at the door|\"Ring twice,\nthen wait\"|\"He said \"\"later\"\"\"|" \
    "\"Line one\nLine two\n\nLine four\"|Bitte klingeln|配達は午後に|\"comma, quote \"\" and\nnewline\"", note, "|")
}

function write_customers(file,    id) {
  print "customer_id,name,country,segment,since,credit_limit" > file
  for (id = 1; id <= customers; id++)
    printf "%d,\"%s, %s\",%s,%s,%s,%s\n", id, families[1 + random(family)], givens[1 + random(given)], \
      country[1 + random(countries)], segment[1 + random(segments)], \
      random(9) ? sprintf("%d-%02d-%02d", 1998 + random(27), 1 + random(12), 1 + random(28)) : "", \
      random(5) ? exact_decimal() : "\\N" > file
  close(file)
}

# An amount with 20 digits: the next double is some hundred away.
function exact_decimal() {
  return sprintf("%d%09d%06d.%02d", 100 + random(900), random(1000000000), random(1000000), random(100))
}

# Orders lie about five minutes apart, so that a hundred thousand of them fill one year.
function write_orders(file,    id, second) {
  print "order_id,customer_id,ordered_at,product,quantity,unit_price,discount,status,delivered_on,note" > file
  year = 2025; month = 1; day = 1; second = 0
  for (id = 1; id <= rows; id++) {
    second += random(631)
    while (second >= 86400) { second -= 86400; next_day() }
    printf "%d,%d,%sT%02d:%02d:%02d.%06d,%s,%d,%d.%02d,%s,%s,%s,%s\n", id, 1 + random(customers), date(0), \
      int(second / 3600), int(second / 60) % 60, second % 60, random(1000000), product[1 + random(products)], \
      1 + random(12), random(100) ? random(300) : 1000 + random(90000), random(100), \
      random(4) ? "" : sprintf("0.%02d5", random(30)), state[1 + random(states)], \
      random(6) ? date(1 + random(9)) : "", note[1 + random(notes)] > file
  }
  close(file)
}

function days_in_month(y, m) {
  return month_days[m] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
}

function next_day() {
  if (++day > days_in_month(year, month)) { day = 1; month++ }
  if (month > 12) { month = 1; year++ }
}

# The current day, or one at most 28 days later.
function date(later,    y, m, d) {
  y = year; m = month; d = day + later
  if (d > days_in_month(y, m)) { d -= days_in_month(y, m); m++ }
  if (m > 12) { m = 1; y++ }
  return sprintf("%d-%02d-%02d", y, m, d)
}
