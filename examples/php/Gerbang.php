<?php

declare(strict_types=1);

/** A client of the IsiKuota dialect. Written from docs/dialects/isikuota.md. */
final class Gerbang
{
    public function __construct(
        private string $url,
        private string $apiId,
        private string $apiKey,
        private string $secretKey,
        private bool $testing = true,
    ) {
    }

    public function balance(): array
    {
        return $this->post('/v1/balance', []);
    }

    /** Buy. The same reference with the same content is always the same order, so this may be repeated. */
    public function buy(string $reference, string $code, string $customerNo): array
    {
        return $this->order([
            'cmd' => 'prepaid',
            'code' => $code,
            'customer_no' => $customerNo,
            'ref_id' => $reference,
        ]);
    }

    /** Ask for a bill; no money moves. It may be paid for five minutes, with the same reference. */
    public function inquiry(string $reference, string $code, string $customerNo): array
    {
        return $this->bill('inquiry', $reference, $code, $customerNo);
    }

    /** Pay the bill that was shown; like every order it may be repeated. */
    public function pay(string $reference, string $code, string $customerNo): array
    {
        return $this->bill('pay-pasca', $reference, $code, $customerNo);
    }

    /** Ask how an order stands; never buys. */
    public function status(string $reference): array
    {
        return $this->order(['cmd' => 'status', 'ref_id' => $reference]);
    }

    /** @param array<string, mixed> $business the members that are signed */
    public static function sign(
        array $business,
        string $apiId,
        string $apiKey,
        string $secretKey,
        int $timestamp,
    ): string {
        ksort($business);
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;
        $canonical = $business === [] ? '' : json_encode($business, $flags);
        $hash = hash('sha256', $canonical);
        return hash_hmac('sha256', "$apiId|$apiKey|$timestamp|$hash", $secretKey);
    }

    private function bill(string $cmd, string $reference, string $code, string $customerNo): array
    {
        return $this->order([
            'cmd' => $cmd,
            'code' => $code,
            'customer_no' => $customerNo,
            'ref_id' => $reference,
        ]);
    }

    private function order(array $business): array
    {
        if ($this->testing) {
            $business['testing'] = true; // left out, the same request is a live one
        }
        return $this->post('/v1/order', $business);
    }

    private function post(string $path, array $business): array
    {
        $timestamp = time();
        $signature = self::sign($business, $this->apiId, $this->apiKey, $this->secretKey, $timestamp);
        $apart = ['api_id' => $this->apiId, 'timestamp' => $timestamp, 'signature' => $signature];
        $context = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => 'Content-Type: application/json',
            'content' => json_encode($business + $apart, JSON_THROW_ON_ERROR),
            'timeout' => 15,
            'ignore_errors' => true, // a refusal has a body too
        ]]);
        $text = @file_get_contents($this->url . $path, false, $context);
        if ($text === false) {
            // Nobody knows whether it arrived: ask for the state, never take it for a failure.
            throw new RuntimeException("no answer from {$this->url}$path");
        }
        return json_decode($text, true, 16, JSON_THROW_ON_ERROR);
    }
}
