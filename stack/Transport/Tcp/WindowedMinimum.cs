namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The least value seen within a sliding stretch of time, in constant space (Kathleen Nichols' algorithm): the best,
/// second and third best of the stretch's parts, each later than the one before.
/// </summary>
internal struct WindowedMinimum(TimeSpan window)
{
    private readonly TimeSpan _window = window;
    private Sample _best;
    private Sample _second;
    private Sample _third;

    /// <summary>The minimum, or null before the first sample.</summary>
    public TimeSpan? Value { get; private set; }

    public void Add(TimeSpan value, Instant now)
    {
        Sample sample = new(value, now);
        if (Value is null || value <= _best.Value || now - _third.At > _window)
            _best = _second = _third = sample;
        else if (value <= _second.Value)
            _second = _third = sample;
        else if (value <= _third.Value)
            _third = sample;
        Age(sample);
        Value = _best.Value;
    }

    private void Age(Sample sample)
    {
        TimeSpan age = sample.At - _best.At;
        if (age > _window)
        {
            // The best is too old: its successors move up, and may be too old as well.
            (_best, _second, _third) = (_second, _third, sample);
            if (sample.At - _best.At > _window)
                (_best, _second) = (_second, _third);
        }
        else if (_second.At == _best.At && age > _window.Over(4))
        {
            _second = _third = sample; // a quarter without a second choice
        }
        else if (_third.At == _second.At && age > _window.Over(2))
        {
            _third = sample; // half of it without a third one
        }
    }

    private readonly record struct Sample(TimeSpan Value, Instant At);
}
