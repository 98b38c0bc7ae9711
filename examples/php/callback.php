<?php

declare(strict_types=1);

// Run with: php -S 127.0.0.1:9100 callback.php

$body = file_get_contents('php://input');
$own = hash_hmac('sha256', $body, (string) getenv('GERBANG_SECRET_KEY'));
if (!hash_equals($own, $_SERVER['HTTP_X_SIGNATURE'] ?? '')) {
    http_response_code(401);
    exit('wrong signature');
}

$message = json_decode($body, true, 16, JSON_THROW_ON_ERROR);
$line = json_encode([
    'event' => $message['event'],
    'ref_id' => $message['data']['ref_id'],
    'status' => $message['data']['status'],
    'sn' => $message['data']['sn'],
    'testing' => ($_SERVER['HTTP_X_GERBANG_TESTING'] ?? '') === 'true',
], JSON_THROW_ON_ERROR);
// Kept before it is acknowledged; a shop does it in its database, by ref_id, and may hear it twice.
file_put_contents(getenv('GERBANG_HEARD') ?: __DIR__ . '/heard.jsonl', $line . "\n", FILE_APPEND | LOCK_EX);
echo 'ok';
