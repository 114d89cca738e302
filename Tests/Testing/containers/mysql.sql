-- Run once by the images of MySQL and MariaDB when their data folder is new.
SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES');
CREATE USER ferry IDENTIFIED BY 'p@ss/w:o?r#d%&=+ ''"\';
GRANT ALL ON *.* TO ferry WITH GRANT OPTION;
CREATE USER ferry_tls IDENTIFIED BY 'p@ss/w:o?r#d%&=+ ''"\' REQUIRE SSL;
GRANT ALL ON ferry.* TO ferry_tls;
CREATE USER ferry_cert REQUIRE SUBJECT '/CN=ferry_cert';
GRANT ALL ON ferry.* TO ferry_cert;
