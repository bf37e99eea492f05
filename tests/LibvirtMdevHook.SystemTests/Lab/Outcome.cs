namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>How a program ended.</summary>
/// <param name="Status">Its exit status.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error.</param>
internal sealed record Outcome(int Status, string Output, string Errors)
{
    /// <summary>Returns this outcome; throws unless it is a success.</summary>
    public Outcome Expected(string what) =>
        Status == 0 ? this : throw new InvalidOperationException($"{what} ended with {Status}: {Errors}{Output}");
}
