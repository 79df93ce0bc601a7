namespace Pyco.Bench.Hosts;

/// <summary>Debian's vde_switch, with its default settings.</summary>
internal sealed class StockSwitch : IDisposable
{
    private readonly Child _process;

    /// <param name="control">Its control directory.</param>
    public StockSwitch(string control)
    {
        Control = control;
        _process = Child.Start("vde_switch", "-s", Control);
        try
        {
            for (int attempt = 0; !Path.Exists(Path.Combine(Control, "ctl")); attempt++)
            {
                if (attempt == 100)
                    throw new BenchException("vde_switch did not start");
                Interruption.Sleep(TimeSpan.FromMilliseconds(20));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Control { get; }

    public void Dispose() => _process.Dispose();
}
