namespace VerifyNUnit;

/// <summary>The result of a test differs from the verified snapshot.</summary>
/// <param name="message">Names both files and shows the difference.</param>
public sealed class SnapshotException(string message) : Exception(message);
