<?php

declare(strict_types=1);

require __DIR__ . '/Gerbang.php';

$gerbang = new Gerbang(
    getenv('GERBANG_URL') ?: 'http://127.0.0.1:8080',
    (string) getenv('GERBANG_API_ID'),
    (string) getenv('GERBANG_API_KEY'),
    (string) getenv('GERBANG_SECRET_KEY'),
);
$code = getenv('GERBANG_PRODUCT') ?: 'TSEL21';
$run = strtoupper(bin2hex(random_bytes(4))); // references are unique over runs too

const BILL_CUSTOMER = '0001234561230';

/** The last four digits say what becomes of a testing order: docs/magic-numbers.md. */
$wanted = [
    '1230' => ['Success', 'order.success'],
    '1231' => ['Success', 'order.success'],
    '1234' => ['Failed', 'order.failed'],
    '1237' => ['Success', 'order.sn_received'],
    '1238' => ['Failed', 'order.failed'], // first a success, then taken back
];

/** @return array<string, list<string>> events that were heard, by reference */
function heard(): array
{
    $file = getenv('GERBANG_HEARD') ?: __DIR__ . '/heard.jsonl';
    $events = [];
    foreach (is_file($file) ? file($file, FILE_IGNORE_NEW_LINES) : [] as $line) {
        $message = json_decode($line, true);
        $events[$message['ref_id']][] = $message['event'];
    }
    return $events;
}

$balance = $gerbang->balance();
if ($balance['code'] !== 'SUCCESS') {
    exit("cannot log in: {$balance['code']} {$balance['message']}\n");
}

foreach ($wanted as $ending => $_) {
    $reference = "PHP-$run-$ending";
    $answer = $gerbang->buy($reference, $code, "08123456$ending");
    if ($answer['code'] === 'ORDER_PENDING') {
        $answer = $gerbang->status($reference); // pending is not a failure: ask, do not buy again
    }
    echo "$reference {$answer['code']} {$answer['message']}\n";
}

$bill = "PHP-$run-BILL";
$billCode = getenv('GERBANG_BILL_PRODUCT') ?: 'MPBPJS';
$shown = $gerbang->inquiry($bill, $billCode, BILL_CUSTOMER);
echo "$bill {$shown['code']} {$shown['message']}\n";
$paid = $shown['success'] ? $gerbang->pay($bill, $billCode, BILL_CUSTOMER) : $shown;
echo "$bill {$paid['code']} {$paid['message']}\n";

$deadline = time() + 30;
do {
    usleep(200_000);
    $missing = array_filter(
        array_keys($wanted),
        fn ($ending) => !in_array($wanted[$ending][1], heard()["PHP-$run-$ending"] ?? [], true),
    );
} while ($missing && time() < $deadline);

$wrong = $missing ? ['not heard: ' . implode(', ', $missing)] : [];
$state = $gerbang->status($bill);
if (!$state['success'] || str_ends_with($state['code'], '_PENDING')) {
    $wrong[] = "the bill was not paid: {$state['code']}";
}
foreach ($wanted as $ending => [$status, $_]) {
    $answer = $gerbang->status("PHP-$run-$ending");
    echo "PHP-$run-$ending {$answer['data']['status']} {$answer['data']['sn']}\n";
    if ($answer['data']['status'] !== $status) {
        $wrong[] = "$ending ended {$answer['data']['status']}, not $status";
    }
}
echo $wrong ? implode("\n", $wrong) . "\n" : "all as it must be\n";
exit($wrong ? 1 : 0);
