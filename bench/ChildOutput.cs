using System.Text;

namespace Pyco.Bench;

/// <summary>What a program prints, to be read while it runs.</summary>
internal sealed class ChildOutput
{
    private readonly StringBuilder _text = new();
    private readonly Task _reading;
    private int _seen;

    public ChildOutput(StreamReader reader) => _reading = ReadAsync(reader);

    /// <summary>All of it so far.</summary>
    public string Text
    {
        get
        {
            lock (_text)
                return _text.ToString();
        }
    }

    /// <summary>Waits until the program has closed it; what may hold it open longer is not waited for.</summary>
    public void WaitForEnd() => _reading.Wait(TimeSpan.FromSeconds(2));

    /// <summary>The next line that begins so, or null as long as there is none.</summary>
    public string? TakeLine(string beginning)
    {
        lock (_text)
        {
            while (true)
            {
                string rest = _text.ToString(_seen, _text.Length - _seen);
                int end = rest.IndexOf('\n', StringComparison.Ordinal);
                if (end < 0)
                    return null;
                _seen += end + 1;
                if (rest.StartsWith(beginning, StringComparison.Ordinal))
                    return rest[..end];
            }
        }
    }

    private async Task ReadAsync(StreamReader reader)
    {
        char[] piece = new char[4096];
        int length;
        while ((length = await reader.ReadAsync(piece).ConfigureAwait(false)) > 0)
        {
            lock (_text)
                _text.Append(piece, 0, length);
        }
    }
}
